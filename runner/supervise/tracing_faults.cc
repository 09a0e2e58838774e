// The part of Tracing about system call faults. A call comes here in one of two ways (filter.h): its thread
// is stopped at it, or waits for an answer.
#include <fmt/format.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "plan/target_filter.h"
#include "supervise/call_conditions.h"
#include "supervise/fake_calls.h"
#include "supervise/identity.h"
#include "supervise/interruptions.h"
#include "supervise/tracing.h"

namespace rehang {
namespace {

// -errno where the memory that a fault writes to is not there: as the kernel would answer.
std::int64_t answer_of(const FaultEffect& effect, bool written) {
    return written ? *effect.answer : -EFAULT;
}

// The kernel's own, include/linux/errno.h; never seen by programs.
constexpr std::int64_t restart_if_handler_allows = 512;  // ERESTARTSYS
constexpr std::int64_t restart_always = 513;             // ERESTARTNOINTR

// As an x86_64 call, which it is but for the rarest programs.
SystemCall call_of(std::uint64_t number, const user_regs_struct& state) {
    SystemCall call = SystemCall::numbered(Convention::x86_64, number);
    call.arguments = {state.rdi, state.rsi, state.rdx, state.r10, state.r8, state.r9};
    return call;
}

// A thread that stands at its call, or waits in it.
class CallerInSight : public Caller {
  public:
    CallerInSight(const ProcessPath& of_process, unsigned nth, bool is_past_entry, const SystemCall& call,
                  pid_t pid, pid_t tid, const std::function<bool()>& still_there)
        : Caller(of_process, nth, is_past_entry),
          call_(call),
          pid_(pid),
          tid_(tid),
          still_there_(still_there) {}
    std::string thread_name() const override { return rehang::thread_name(tid_); }
    bool holds(const CallCondition& condition) const override {
        return rehang::holds(condition, call_, pid_, tid_) && still_there_();
    }

  private:
    const SystemCall& call_;
    pid_t pid_, tid_;
    const std::function<bool()>& still_there_;
};

}  // namespace

// The faults that fire at this call, each noted.
std::vector<size_t> Tracing::fired(pid_t tid, const SystemCall& call,
                                   const std::function<bool()>& still_there) {
    const TrackedProcess* process = tree_.process_of(tid);
    if (!process || !process->started) return {};  // the sandbox's launcher is no target yet
    const auto image = images_.find(process->pid);
    const bool past_entry = image != images_.end() && image->second.past_entry;
    const ProcessPath now = process->now();
    const CallerInSight caller(now, tree_.thread(tid)->nth, past_entry, call, process->pid, tid, still_there);
    std::vector<size_t> all = injector_.decide(call, caller, director_);
    for (const size_t fault : all) note(EventKind::fault, tid, plan_->syscall_faults[fault].name, "fires");
    return all;
}

// The points that the fault's firing is; true if the thread stays.
bool Tracing::passes_fired(size_t fault, pid_t tid) {
    return pass(
        open_points_where<FaultFires>(tid, [&](const FaultFires& event) { return event.fault == fault; }),
        tid);
}

void Tracing::send_signals(const FaultEffect& effect, pid_t tid) {
    const pid_t pid = tree_.process_of(tid)->pid;
    if (effect.kill) ::kill(pid, SIGKILL);
    if (!effect.signal) return;
    if (effect.signal_process)
        ::kill(pid, *effect.signal);
    else
        ::syscall(SYS_tgkill, pid, tid, *effect.signal);
}

// Programs write from constants, too, which nobody can change.
void Tracing::write_before(const PlannedSyscallFault& fault, const SystemCall& call, pid_t tid) {
    if (write_out(fault.effect.writes_before, call, tid) || errno == ESRCH) return;  // or killed meanwhile
    note_once("data_before " + fault.name,
              fmt::format("{}: {} was made with the bytes that were there: this memory is not there, or is "
                          "read-only",
                          fault.name, call.name()));
}

// A sleeper that nobody wakes is to be explained by it.
void Tracing::note_unmade_wake(size_t fault, pid_t tid, const SystemCall& call) {
    constexpr size_t enough = 1000;
    const auto operation = call.arguments[1] & ~std::uint64_t{FUTEX_PRIVATE_FLAG};
    const bool wakes =
        call.number == SYS_futex && (operation == FUTEX_WAKE || operation == FUTEX_WAKE_BITSET);
    if (!wakes || unmade_wakes_.size() == enough) return;
    const TrackedProcess& process = *tree_.process_of(tid);
    unmade_wakes_.insert({.pid = process.pid,
                          .execs = process.execs,
                          .address = call.arguments[0],
                          .fault = fault,
                          .by = tree_.thread(tid)->nth});
}

// The thread is stopped at the call.
Tracing::Fate Tracing::fault(pid_t tid, const SystemCall& call) {
    Fate fate;
    for (const size_t index : fired(tid, call, [] { return true; })) {
        const FaultEffect& effect = plan_->syscall_faults[index].effect;
        fate.stays |= passes_fired(index, tid);
        send_signals(effect, tid);
        fate.delay += effect.delay;
        AfterCall after{.not_made = {}, .restore = {}, .writes = nullptr, .delay = effect.delay_after};
        write_before(plan_->syscall_faults[index], call, tid);
        if (!effect.writes_after.empty()) after.writes = &effect.writes_after;
        if (effect.answer) {
            fate.not_made = true;
            note_unmade_wake(index, tid, call);
            fate.answer = answer_of(effect, write_out(effect.writes, call, tid));
        } else if (effect.instead) {
            fate.not_made = true;
            note_unmade_wake(index, tid, call);
            make_instead(tid, call.convention, *effect.instead);
        } else if (effect.limit_bytes && call.arguments.at(effect.limited_argument) > *effect.limit_bytes) {
            after.restore = {effect.limited_argument, call.arguments.at(effect.limited_argument)};
            change_argument(tid, call.convention, effect.limited_argument, *effect.limit_bytes);
        }
        fate.to_exit |= after.restore || after.writes || after.delay > Duration(0);
        if (fate.to_exit) after_call_[tid] = after;
    }
    return fate;
}

// The thread waits in the call, and can only be killed meanwhile.
CallAnswer Tracing::asked(const Notifications::Question& question) {
    ++events_;
    if (!fakes_.any()) return asked_about_faults(question, question.call);
    if (const auto ask = fake_ask_of(question.tid, question.call)) return asked_by_client(question, *ask);
    CallAnswer answer;
    if (!question.call.handed_on) answer = asked_about_faults(question, question.call);
    if (!answer.make) return answer;
    if (auto faked = asked_about_fakes({.tid = question.tid, .still_there = question.still_asked, .ask = {}},
                                       question.call))
        return std::move(*faked);
    // The descriptor was a fake's when the thread was stopped; there is no way back to the call.
    if (question.call.handed_on) return {.make = false, .value = -EBADF};
    return answer;
}

CallAnswer Tracing::asked_about_faults(const Notifications::Question& question, const SystemCall& call) {
    CallAnswer answer;
    for (const size_t index : fired(question.tid, call, question.still_asked)) {
        const FaultEffect& effect = plan_->syscall_faults[index].effect;
        REHANG_CHECK(effect.is_immediate());
        passes_fired(index, question.tid);
        send_signals(effect, question.tid);
        // The kernel makes a call whose answer comes before the caller has noticed that it is dead.
        if (effect.kill) answer = {.make = false, .value = -EINTR};
        write_before(plan_->syscall_faults[index], call, question.tid);
        if (!effect.answer) continue;
        answer.make = false;
        answer.value = answer_of(effect, write_out(effect.writes, call, question.tid));
        note_unmade_wake(index, question.tid, call);
    }
    return answer;
}

// A signal has come after the call and before its question was read. The kernel would end the call with EINTR
// or begin it again, as the handler's SA_RESTART says, as if it could be interrupted. Most can't: they begin
// again in any case, so that nothing but the fault makes them fail. (No handler of any kernel call sees
// ERESTARTNOINTR: Linux 6.1, arch/x86/kernel/signal.c, handle_signal().)
void Tracing::begin_asked_call_again(pid_t tid) {
    if (!injector_.concerns_calls() && !fakes_.any()) return;
    auto state = registers(tid);
    if (!state || static_cast<std::int64_t>(state->rax) != -restart_if_handler_allows) return;
    const SystemCall call = call_of(state->orig_rax, *state);
    const bool is_asked =
        injector_.concerns_call(call.number) || (fakes_.any() && asks_for_fakes(call.number));
    const bool of_fake = call.handed_on || (fakes_.any() && fake_named(tid, call));
    if (!of_fake && (!is_asked || can_be_interrupted(call, tid))) return;
    state->rax = static_cast<std::uint64_t>(-restart_always);
    set_registers(tid, *state);
}

// What runs before the program of a [[process]] is the sandbox's launcher: no target, and no concern of any
// point or fault.
void Tracing::launching(pid_t tid, const SystemCall& call) {
    const bool hands_over = call.number == SYS_seccomp && call.arguments[0] == listener_handover;
    if (hands_over) take_listener(tid, call.arguments[2]);
    go_on(tid, {});
}

bool Tracing::kernel_answers(pid_t tid, const user_regs_struct& registers) const {
    const TrackedProcess* process = tree_.process_of(tid);
    return process && injector_.kernel_answers(call_of(registers.rax, registers), process->path);
}

void Tracing::take_listener(pid_t tid, std::uint64_t descriptor) {
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, tid, 0)));
    UniqueFd listener(
        process ? static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), static_cast<int>(descriptor), 0))
                : -1);
    if (listener) return on_listener_(std::move(listener));
    if (errno == ESRCH || trouble_) return;  // killed meanwhile
    trouble_ = failure("can't take over the listener of a seccomp filter").error();
    trouble_->hint = "`rehang doctor` says what this host allows";
}

}  // namespace rehang
