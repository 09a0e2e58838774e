// The part of Tracing about system calls that the filter stops at.
#include "supervise/tracing.h"

#include <sys/syscall.h>
#include <sys/time.h>

namespace rehang {

void Tracing::entered_syscall(pid_t tid) {
    const auto state = registers(tid);
    if (!state) return;
    const auto number = static_cast<int>(state->orig_rax);
    TrackedProcess& process = *tree_.process_of(tid);
    note_alarm(process.pid, *state);
    const unsigned nth = tree_.thread(tid)->nth;
    const auto about_other_call = [&](auto edge) {
        return [this, number](size_t point) {
            return std::get<decltype(edge)>(plan_->points[point].event).number != number;
        };
    };
    auto leaving = director_.open_points<LeavesSyscall>(process.path, nth);
    std::erase_if(leaving, about_other_call(LeavesSyscall{}));
    auto entering = director_.open_points<EntersSyscall>(process.path, nth);
    std::erase_if(entering, about_other_call(EntersSyscall{}));

    const Pending how = {.how = leaving.empty() ? Resume::run : Resume::to_system_call_exit};
    if (pass(entering, tid))
        kept_[tid] = how;
    else
        go_on(tid, how);
}

void Tracing::left_syscall(pid_t tid) {
    const auto state = registers(tid);
    if (!state) return;
    const TrackedProcess& process = *tree_.process_of(tid);
    auto leaving = director_.open_points<LeavesSyscall>(process.path, tree_.thread(tid)->nth);
    std::erase_if(leaving, [&](size_t point) {
        return std::get<LeavesSyscall>(plan_->points[point].event).number !=
               static_cast<int>(state->orig_rax);
    });
    if (pass(leaving, tid))
        kept_[tid] = {};
    else
        go_on(tid, {});
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
