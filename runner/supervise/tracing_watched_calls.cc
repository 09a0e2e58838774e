// The part of Tracing about system calls that every run watches, whatever its scenario names: those that
// would let a target escape the runner's eyes, and those that work differently because it is there.
#include <fmt/format.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <csignal>

#include "base/files.h"
#include "supervise/tracing.h"

namespace rehang {
namespace {

bool installs_a_filter(const user_regs_struct& call) {
    if (call.orig_rax == SYS_seccomp)
        return call.rdi == SECCOMP_SET_MODE_FILTER || call.rdi == SECCOMP_SET_MODE_STRICT;
    return call.orig_rax == SYS_prctl && call.rdi == PR_SET_SECCOMP;
}

}  // namespace

void Tracing::watch_call(pid_t tid, const TrackedProcess& process, const user_regs_struct& call) {
    switch (call.orig_rax) {
        case SYS_alarm:
        case SYS_setitimer:
            return note_alarm(process.pid, call);
        case SYS_clone:
        case SYS_clone3:
            return keep_child_traced(tid, call);
        case SYS_ptrace:
            return note_once("ptrace " + process.program,
                             fmt::format("{} ({}) calls ptrace, which fails with EPERM: rehang itself traces "
                                         "all targets, so debuggers, strace and the like can't work inside",
                                         process.path.text(), file_name(process.program)));
        default:
            break;
    }
    if (installs_a_filter(call))
        note_once(
            "filter " + process.program,
            fmt::format("{} ({}) installs a seccomp filter of its own: points at system calls that this "
                        "filter answers are not reached",
                        process.path.text(), file_name(process.program)));
}

// CLONE_UNTRACED asks that the child be kept from its parent's tracer. It loses the flag: a child that
// nobody follows could wake others behind a proof's back. Linux 6.1, kernel/fork.c, kernel_clone().
void Tracing::keep_child_traced(pid_t tid, const user_regs_struct& call) {
    if (call.orig_rax == SYS_clone) {
        if ((call.rdi & CLONE_UNTRACED) == 0) return;
        user_regs_struct changed = call;
        changed.rdi &= ~std::uint64_t{CLONE_UNTRACED};
        set_registers(tid, changed);  // fails only for one that was killed
        return;
    }
    std::uint64_t flags = 0;  // the first member of struct clone_args, in the target's memory
    static_assert(offsetof(clone_args, flags) == 0);
    if (!read_memory(tid, call.rdi, &flags, sizeof flags) || (flags & CLONE_UNTRACED) == 0) return;
    flags &= ~std::uint64_t{CLONE_UNTRACED};
    if (!write_memory(tid, call.rdi, &flags, sizeof flags)) refuse_call(tid, call);
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

void Tracing::note_once(const std::string& subject, std::string sentence) {
    if (noted_.insert(subject).second) notes_.push_back(std::move(sentence));
}

}  // namespace rehang
