#include "replay/watch.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/names.h"

namespace rehang {
namespace {

KnownProcess known(const TrackedProcess& process, const Tracing& tracing) {
    KnownProcess known{.pid = process.pid,
                       .inner_pid = process.inner_pid,
                       .path = process.path.text(),
                       .program = process.program,
                       .execs = process.execs,
                       .parent_path = process.parent ? process.parent->text() : std::string(),
                       .alarm = tracing.has_alarm(process.pid),
                       .processor_timer = tracing.has_processor_timer(process.pid),
                       .ended = process.ended(),
                       .exit_status = process.exit_status,
                       .births = process.births,
                       .threads = {}};
    for (const TrackedThread& thread : process.threads)
        known.threads.push_back({.tid = thread.tid,
                                 .nth = thread.nth,
                                 .held_at = tracing.director().held_at(thread.tid),
                                 .waits_in = tracing.waits_in(thread.tid),
                                 .paused = tracing.is_delayed(thread.tid),
                                 .stopped_by_signal = tracing.is_stopped_by_signal(thread.tid),
                                 .spin = {}});
    return known;
}

// Those of the caller, as if the function had just returned to it.
elf::GuestRegisters registers_of(const GuestCall& call) {
    constexpr size_t frame_pointer = 29, link = 30;
    elf::GuestRegisters registers{
        .base = call.base, .x = {}, .sp = call.stack - call.base, .pc = call.returns_to - call.base};
    registers.x[frame_pointer] = call.frame - call.base;
    registers.x[link] = registers.pc;
    return registers;
}

// A thread that stands at a point, with all that ptrace shows of it.
std::optional<ThreadAtFork> held_thread(const TrackedThread& thread, const Tracing& tracing) {
    const auto registers = tracing.held_registers(thread.tid);
    if (!registers) return std::nullopt;
    ThreadAtFork held{};
    held.tid = thread.tid;
    held.nth = thread.nth;
    held.held_at = tracing.director().held_at(thread.tid);
    held.registers = {.pc = registers->rip,
                      .sp = registers->rsp,
                      .bp = registers->rbp,
                      .bx = registers->rbx,
                      .r12 = registers->r12,
                      .r13 = registers->r13,
                      .r14 = registers->r14,
                      .r15 = registers->r15,
                      .complete = true};
    held.arguments = {registers->rdi, registers->rsi, registers->rdx,
                      registers->rcx, registers->r8,  registers->r9};
    held.arguments_known = true;
    if (const GuestCall* const call = tracing.held_guest_call(thread.tid)) {
        held.arguments = call->arguments;
        held.guest = registers_of(*call);
    }
    return held;
}

std::string end_of(int status) {
    if (WIFSIGNALED(status)) return fmt::format("was killed by {}", signal_name(WTERMSIG(status)));
    return fmt::format("had ended (exit {})", WEXITSTATUS(status));
}

// Where the threads of a process stand: one sentence each, or what became of the process. Of one that was
// never born, who was to fork it.
std::vector<std::string> standing(const ProcessPath& path, const Diagnosis& diagnosis) {
    const std::string name = path.place();
    const auto process = std::ranges::find(diagnosis.processes, name, &DiagnosedProcess::path);
    if (process == diagnosis.processes.end()) {
        std::vector<std::string> sentences = {fmt::format("{} was never born", name)};
        if (path.forks.empty()) return sentences;
        ProcessPath parent = path;
        parent.forks.pop_back();
        std::ranges::move(standing(parent, diagnosis), std::back_inserter(sentences));
        return sentences;
    }
    if (process->exit_status && process->state != "running")
        return {fmt::format("{} {}", name, end_of(*process->exit_status))};
    std::vector<std::string> sentences;
    for (const DiagnosedThread& thread : process->threads) {
        std::string sentence = fmt::format("{} {} {}", name, thread.role, thread.wait.sentence);
        const auto named =
            std::ranges::find_if(thread.stack, [](const elf::Frame& f) { return !f.symbol.empty(); });
        if (named != thread.stack.end()) sentence += fmt::format(", in {}!{}", named->module, named->symbol);
        sentences.push_back(std::move(sentence));
    }
    return sentences;
}

}  // namespace

void Watch::attach(const Tracing& tracing, pid_t init) {
    tracing_ = &tracing;
    init_ = init;
}

std::vector<UnmadeWake> Watch::unmade_wakes() const {
    std::vector<UnmadeWake> wakes;
    for (const Tracing::UnmadeWake& wake : tracing_->unmade_wakes()) {
        const auto& processes = tracing_->tree().processes();
        const bool same_memory = std::ranges::any_of(processes, [&](const TrackedProcess& process) {
            return process.pid == wake.pid && process.execs == wake.execs && !process.ended();
        });
        if (same_memory)
            wakes.push_back({.pid = wake.pid,
                             .address = wake.address,
                             .fault = plan_->syscall_faults[wake.fault].name,
                             .by = wake.by});
    }
    return wakes;
}

Scope Watch::scope() {
    Scope scope{.roots = {init_}, .processes = {}, .forks = forks_, .main_processes = {}};
    for (const TrackedProcess& process : tracing_->tree().processes())
        scope.processes.push_back(known(process, *tracing_));
    for (KnownProcess& process : scope.processes)
        for (KnownThread& thread : process.threads)
            thread.spin = step_view_.seen(thread.tid, tracing_->stands(thread.tid));
    scope.unmade_wakes = unmade_wakes();
    for (const PlannedProcess& process : plan_->processes) scope.main_processes.push_back(process.name);
    return scope;
}

Watcher::Look Watch::look() {
    switch (diagnoser_.look(scope())) {
        case Diagnoser::Answer::stuck:
            return Look::stuck;
        case Diagnoser::Answer::order_stuck:
            return Look::order_stuck;
        case Diagnoser::Answer::moving:
            break;
    }
    return Look::moving;
}

void Watch::stepping_begins(const std::vector<pid_t>& tids, size_t most_steps) {
    step_view_.begin(tids, most_steps, init_);
}

bool Watch::stands(pid_t tid, const user_regs_struct& registers) {
    return step_view_.stands(tid, registers, tracing_->kernel_answers(tid, registers));
}

void Watch::forked(const TrackedProcess& parent, pid_t forking_tid, const TrackedProcess& child) {
    std::vector<ThreadAtFork> held;
    for (const TrackedThread& thread : parent.threads)
        if (auto stands = held_thread(thread, *tracing_)) held.push_back(std::move(*stands));
    forks_.push_back(capture_fork(known(parent, *tracing_), forking_tid, child.path.text(), child.pid, held));
    limit_kept_memory();
}

// Of many forks only the first ones keep what the child's memory was.
void Watch::limit_kept_memory() {
    constexpr size_t most = size_t{64} << 20;
    ForkRecord& last = forks_.back();
    if (!last.memory) return;
    for (const elf::SavedStack& piece : *last.memory) kept_memory_ += piece.bytes.size();
    if (kept_memory_ > most) last.memory = nullptr;
}

void Watch::giving_up(size_t hold, const std::string& reason, bool impossible) {
    UnmetHold given_up = missing(hold, plan_->holds[hold].until, reason, explain());
    given_up.impossible = impossible;
    given_up_.emplace(hold, std::move(given_up));
}

Diagnosis Watch::explain() {
    return diagnoser_.explain(scope());
}

UnmetHold Watch::missing(size_t hold, size_t point, std::string reason, const Diagnosis& diagnosis) const {
    return {.hold = plan_->holds[hold].name,
            .at = plan_->points[plan_->holds[hold].at].name,
            .missing = plan_->points[point].name,
            .reason = std::move(reason),
            .impossible = false,
            .instead = standing(plan_->points[point].process, diagnosis)};
}

std::vector<UnmetHold> Watch::unmet(const Diagnosis& now) const {
    std::vector<UnmetHold> all;
    const auto& holds = tracing_->director().holds();
    for (size_t i = 0; i < holds.size(); ++i) {
        if (const auto given_up = given_up_.find(i); given_up != given_up_.end()) {
            all.push_back(given_up->second);
            continue;
        }
        if (tracing_->director().complete(i)) continue;
        switch (holds[i].phase) {
            case HoldState::Phase::idle:
                all.push_back(missing(i, plan_->holds[i].at, "no thread came to it", now));
                break;
            case HoldState::Phase::active:
                all.push_back(missing(i, plan_->holds[i].until, "the run ended first", now));
                break;
            case HoldState::Phase::lost:
                all.push_back(
                    missing(i, plan_->holds[i].until, "the thread that was held for it was killed", now));
                break;
            case HoldState::Phase::done:
            case HoldState::Phase::impossible:
            case HoldState::Phase::expired:
                break;
        }
    }
    return all;
}

}  // namespace rehang
