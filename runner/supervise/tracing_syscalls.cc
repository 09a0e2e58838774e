// The part of Tracing about system calls that the filter stops at.
#include "supervise/tracing.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "base/names.h"

namespace rehang {

void Tracing::entered_syscall(pid_t tid) {
    const auto state = registers(tid);
    if (!state) return;
    const auto number = static_cast<int>(state->orig_rax);
    note_alarm(tree_.process_of(tid)->pid, *state);
    note(EventKind::syscall, tid, syscall_name(number));
    const auto leaving = open_points_where<LeavesSyscall>(
        tid, [&](const LeavesSyscall& event) { return event.number == number; });
    const auto entering = open_points_where<EntersSyscall>(
        tid, [&](const EntersSyscall& event) { return event.number == number; });
    stay_or_go_on(tid, entering, {.how = leaving.empty() ? Resume::run : Resume::to_system_call_exit});
}

void Tracing::left_syscall(pid_t tid) {
    const auto state = registers(tid);
    if (!state) return;
    const auto number = static_cast<int>(state->orig_rax);
    note(EventKind::syscall, tid, syscall_name(number),
         fmt::format("returns {}", static_cast<std::int64_t>(state->rax)));
    const auto leaving = open_points_where<LeavesSyscall>(
        tid, [&](const LeavesSyscall& event) { return event.number == number; });
    stay_or_go_on(tid, leaving, {});
}

void Tracing::note_alarm(pid_t pid, const user_regs_struct& state) {
    if (state.orig_rax == SYS_alarm) {
        if (static_cast<unsigned>(state.rdi) != 0)
            alarms_.insert(pid);
        else
            alarms_.erase(pid);
    } else if (state.orig_rax == SYS_setitimer && state.rdi == ITIMER_REAL) {
        itimerval value{};  // ITIMER_VIRTUAL and ITIMER_PROF stand still in a process that waits
        if (state.rsi != 0 && !read_memory(pid, state.rsi, &value, sizeof value)) return;
        if (timerisset(&value.it_value))
            alarms_.insert(pid);
        else
            alarms_.erase(pid);
    }
}

}  // namespace rehang
