#include "replay/step_view.h"

#include <algorithm>

namespace rehang {
namespace {

// In the order of the machine's numbers, see spin/machine_state.h.
spin::MachineState state_of(const user_regs_struct& r) {
    constexpr std::uint64_t code_64 = 0x33;  // __USER_CS
    constexpr std::uint64_t trap_flag = 1U << 8, resume_flag = 1U << 16;
    return {.general = {r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.r8, r.r9, r.r10, r.r11,
                        r.r12, r.r13, r.r14, r.r15},
            .pc = r.rip,
            .flags = r.eflags & ~(trap_flag | resume_flag),
            .fs_base = r.fs_base,
            .gs_base = r.gs_base,
            .code_64 = r.cs == code_64};
}

class Tracee : public spin::StandingThread {
  public:
    Tracee(pid_t tid, bool call_is_answered) : tid_(tid), call_is_answered_(call_is_answered) {}
    bool read(std::uint64_t address, std::span<unsigned char> into) override {
        return into.empty() || read_memory(tid_, address, into.data(), into.size());
    }
    std::vector<unsigned char> extended_state() override { return extended_registers(tid_); }
    bool call_is_answered() override { return call_is_answered_; }

  private:
    pid_t tid_;
    bool call_is_answered_;
};

// The kernel writes there whenever it puts the thread on a processor: what a loop reads there is never known.
void look_for_kernel_writes(spin::Spin& seen, pid_t tid) {
    const auto area = restartable_sequence_area(tid);
    const bool reads_it = !area || std::ranges::any_of(seen.memory, [&](const spin::Piece& piece) {
        return piece.address < area->address + area->size &&
               area->address < piece.address + piece.bytes.size();
    });
    if (!seen.endless || !reads_it) return;
    seen.endless = false;
    seen.doubt = area ? "reads which processor it runs on" : "may read what the kernel writes (rseq)";
}

bool all_others_slept(const Census& before, const Census& after,
                      const std::map<pid_t, spin::LoopFinder>& stepped) {
    Census others[] = {before, after};
    for (Census& census : others)
        for (CensusProcess& process : census.processes)
            for (CensusThread& thread : process.threads)
                if (stepped.contains(thread.tid)) {
                    thread.run_count = {};
                    thread.faults = 0;
                }
    return all_sleep(before) && others[0] == others[1];
}

// An endless loop that it is not known to stand in any more.
spin::Spin past(const spin::Spin& seen) {
    spin::Spin told = seen;
    told.was_endless = seen.endless || seen.was_endless;
    told.endless = false;
    return told;
}

}  // namespace

void StepView::begin(const std::vector<pid_t>& tids, size_t most_steps, pid_t init) {
    init_ = init;
    before_ = take_census({init}, Roots::do_not_count);
    finders_.clear();
    for (const pid_t tid : tids) finders_.try_emplace(tid, most_steps);
    open_ = true;
}

bool StepView::stands(pid_t tid, const user_regs_struct& registers, bool call_is_answered) {
    Tracee tracee(tid, call_is_answered);
    const auto finder = finders_.find(tid);
    return finder != finders_.end() && finder->second.stands(state_of(registers), tracee);
}

void StepView::finish() {
    open_ = false;
    const bool undisturbed = all_others_slept(before_, take_census({init_}, Roots::do_not_count), finders_);
    seen_.clear();
    for (const auto& [tid, finder] : finders_) {
        auto seen = std::make_shared<spin::Spin>(finder.result());
        look_for_kernel_writes(*seen, tid);
        seen_[tid] = undisturbed ? seen : std::make_shared<spin::Spin>(past(*seen));
    }
}

std::shared_ptr<const spin::Spin> StepView::seen(pid_t tid, bool stands) {
    if (open_) finish();
    const auto found = seen_.find(tid);
    if (found == seen_.end()) return nullptr;
    if (found->second->endless && !stands) return std::make_shared<spin::Spin>(past(*found->second));
    return found->second;
}

}  // namespace rehang
