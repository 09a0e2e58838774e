// The part of Tracing about system calls that every run watches, whatever its scenario names: those that
// would let a target escape the runner's eyes, and those that work differently because it is there.
#include <fmt/format.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <csignal>

#include "base/files.h"
#include "supervise/system_call.h"
#include "supervise/tracing.h"

namespace rehang {
namespace {

// Without a program it is only a question whether the kernel knows the flags, which it answers with EFAULT.
bool installs_a_filter(const SystemCall& call) {
    const auto operation = static_cast<unsigned>(call.arguments[0]);
    if (call.number == SYS_seccomp)
        return operation == SECCOMP_SET_MODE_STRICT ||
               (operation == SECCOMP_SET_MODE_FILTER && call.arguments[2] != 0);
    return call.number == SYS_prctl && operation == PR_SET_SECCOMP;
}

// The it_value of a struct itimerval: is it not zero?
template <class Word>
std::optional<bool> is_set(pid_t pid, std::uint64_t timer) {
    struct {
        Word interval[2], value[2];
    } read{};
    if (!read_memory(pid, timer, &read, sizeof read)) return std::nullopt;
    return read.value[0] != 0 || read.value[1] != 0;
}

// Nothing where it can't be read: then the call fails.
std::optional<bool> sets_timer(pid_t pid, const SystemCall& call) {
    const std::uint64_t timer = call.arguments[1];
    if (timer == 0) return false;
    return call.convention == Convention::i386 ? is_set<std::int32_t>(pid, timer)
                                               : is_set<std::int64_t>(pid, timer);
}

}  // namespace

void Tracing::watch_call(pid_t tid, const TrackedProcess& process, const SystemCall& call) {
    switch (call.number) {
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
void Tracing::keep_child_traced(pid_t tid, const SystemCall& call) {
    const std::uint64_t first = call.arguments[0];
    if (call.number == SYS_clone) {
        if ((first & CLONE_UNTRACED) != 0)
            change_argument(tid, call.convention, 0, first & ~std::uint64_t{CLONE_UNTRACED});
        return;
    }
    std::uint64_t flags = 0;  // the first member of struct clone_args, in the target's memory
    static_assert(offsetof(clone_args, flags) == 0);
    if (!read_memory(tid, first, &flags, sizeof flags) || (flags & CLONE_UNTRACED) == 0) return;
    flags &= ~std::uint64_t{CLONE_UNTRACED};
    if (!write_memory(tid, first, &flags, sizeof flags)) answer_call(tid, -EPERM);
}

void Tracing::note_alarm(pid_t pid, const SystemCall& call) {
    const auto first = static_cast<unsigned>(call.arguments[0]);
    if (call.number == SYS_alarm) {
        if (first != 0)
            alarms_.insert(pid);
        else
            alarms_.erase(pid);
    } else if (call.number == SYS_setitimer) {
        const auto set = sets_timer(pid, call);
        if (!set) return;
        // ITIMER_VIRTUAL and ITIMER_PROF stand still in a process that sleeps. There is one of each: once
        // set, they count as set.
        if (first != ITIMER_REAL && *set)
            processor_timers_.insert(pid);
        else if (first == ITIMER_REAL && *set)
            alarms_.insert(pid);
        else if (first == ITIMER_REAL)
            alarms_.erase(pid);
    }
}

void Tracing::note_once(const std::string& subject, std::string sentence) {
    if (noted_.insert(subject).second) notes_.push_back(std::move(sentence));
}

}  // namespace rehang
