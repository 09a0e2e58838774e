// The part of Tracing about system calls that the filter stops at.
#include "supervise/tracing.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/names.h"
#include "base/syscall_arguments.h"
#include "supervise/appearing_files.h"

namespace rehang {

namespace {

// A system call that a thread is about to make, or has just made: arguments stay in their registers.
struct Call {
    explicit Call(const user_regs_struct& state)
        : number(static_cast<int>(state.orig_rax)), arguments{state.rdi, state.rsi, state.rdx,
                                                              state.r10, state.r8,  state.r9} {}

    bool meets(int wanted, const std::vector<ArgumentCondition>& where) const {
        return number == wanted && std::ranges::all_of(where, [&](const ArgumentCondition& condition) {
                   return condition.matches(arguments.at(condition.index));
               });
    }
    bool can_create() const {
        return std::ranges::any_of(creating_calls(),
                                   [&](const CreatingCall& call) { return meets(call.number, call.where); });
    }

    int number;
    std::array<std::uint64_t, most_arguments> arguments;
};

}  // namespace

void Tracing::entered_syscall(pid_t tid) {
    const auto state = registers(tid);
    if (!state) return;
    const Call call(*state);
    note_alarm(tree_.process_of(tid)->pid, *state);
    note(EventKind::syscall, tid, syscall_name(call.number));
    const auto leaving = open_points_where<LeavesSyscall>(
        tid, [&](const LeavesSyscall& event) { return call.meets(event.number, event.where); });
    const auto entering = open_points_where<EntersSyscall>(
        tid, [&](const EntersSyscall& event) { return call.meets(event.number, event.where); });
    const bool creates = call.can_create() && note_files(tid);
    const bool to_exit = creates || !leaving.empty();
    stay_or_go_on(tid, entering, {.how = to_exit ? Resume::to_system_call : Resume::run});
}

void Tracing::left_syscall(pid_t tid) {
    const auto state = registers(tid);
    if (!state) return;
    const Call call(*state);
    note(EventKind::syscall, tid, syscall_name(call.number),
         fmt::format("returns {}", static_cast<std::int64_t>(state->rax)));
    auto points = open_points_where<LeavesSyscall>(
        tid, [&](const LeavesSyscall& event) { return call.meets(event.number, event.where); });
    if (const auto after = after_fork_.find(tid); after != after_fork_.end() && after->second.in_call)
        std::ranges::copy(gone_on_after_fork(tid), std::back_inserter(points));
    if (call.can_create()) std::ranges::copy(appeared_files(tid), std::back_inserter(points));
    stay_or_go_on(tid, points, {});
}

// Before a call that can make files: which of the awaited ones are there. False if none is awaited of the
// thread.
bool Tracing::note_files(pid_t tid) {
    const auto points = open_points_where<MakesFile>(tid, [](const MakesFile&) { return true; });
    for (const size_t point : points)
        file_there_[point] = exists_for(tid, std::get<MakesFile>(plan_->points[point].event).path);
    return !points.empty();
}

// After it: points whose file is there now and was not before. Of two threads that make it at once, the first
// to come here counts.
std::vector<size_t> Tracing::appeared_files(pid_t tid) {
    auto points = open_points_where<MakesFile>(
        tid, [&](const MakesFile& event) { return exists_for(tid, event.path); });
    std::erase_if(points, [&](size_t point) { return std::exchange(file_there_[point], true); });
    return points;
}

void Tracing::note_alarm(pid_t pid, const user_regs_struct& state) {
    if (state.orig_rax == SYS_alarm) {
        if (static_cast<unsigned>(state.rdi) != 0)
            alarms_.insert(pid);
        else
            alarms_.erase(pid);
    } else if (state.orig_rax == SYS_setitimer) {
        itimerval value{};
        if (state.rsi != 0 && !read_memory(pid, state.rsi, &value, sizeof value)) return;
        // ITIMER_VIRTUAL and ITIMER_PROF stand still in a process that sleeps. There is one of each: once
        // set, they count as set.
        if (state.rdi != ITIMER_REAL && timerisset(&value.it_value))
            processor_timers_.insert(pid);
        else if (state.rdi == ITIMER_REAL && timerisset(&value.it_value))
            alarms_.insert(pid);
        else if (state.rdi == ITIMER_REAL)
            alarms_.erase(pid);
    }
}

}  // namespace rehang
