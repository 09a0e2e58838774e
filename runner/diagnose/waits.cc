#include "diagnose/waits.h"

#include <fmt/format.h>
#include <sys/syscall.h>

#include <map>

#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"

namespace rehang {
namespace {

using wait_rules::Sleeper;

const std::map<long, Wait (*)(const Sleeper&)>& rules() {
    static const std::map<long, Wait (*)(const Sleeper&)> table = {
        {SYS_read, wait_rules::reading},
        {SYS_readv, wait_rules::reading},
        {SYS_preadv2, wait_rules::reading},
        {SYS_write, wait_rules::writing},
        {SYS_writev, wait_rules::writing},
        {SYS_pwritev2, wait_rules::writing},
        {SYS_poll, wait_rules::polling},
        {SYS_ppoll, wait_rules::polling},
        {SYS_select, wait_rules::selecting},
        {SYS_pselect6, wait_rules::selecting},
        {SYS_epoll_wait, wait_rules::epolling},
        {SYS_epoll_pwait, wait_rules::epolling},
        {SYS_epoll_pwait2, wait_rules::epolling},
        {SYS_futex, wait_rules::on_futex},
        {SYS_wait4, wait_rules::for_child},
        {SYS_waitid, wait_rules::for_child},
        {SYS_vfork, wait_rules::for_vfork},
        {SYS_clone, wait_rules::for_vfork},
        {SYS_clone3, wait_rules::for_vfork},
        {SYS_pause, wait_rules::for_signal},
        {SYS_rt_sigsuspend, wait_rules::for_signal},
        {SYS_nanosleep, wait_rules::for_time},
        {SYS_clock_nanosleep, wait_rules::for_time},
        {SYS_restart_syscall, wait_rules::for_time},
    };
    return table;
}

Wait goes_on(WaitKind kind, std::string sentence) {
    Wait wait;
    wait.kind = kind;
    wait.sentence = std::move(sentence);
    wait.by_itself = true;
    return wait;
}

Wait unclear(WaitKind kind, std::string sentence) {
    Wait wait;
    wait.kind = kind;
    wait.by_outside = sentence;
    wait.sentence = std::move(sentence);
    return wait;
}

Wait held(const ThreadSnapshot& thread) {
    Wait wait;
    wait.kind = WaitKind::held;
    wait.sentence = fmt::format("is held at point \"{}\"", *thread.held_at);
    return wait;
}

Wait stopped(const Sleeper& sleeper) {
    if (sleeper.thread.state == 't')
        return unclear(WaitKind::stopped,
                       fmt::format("is stopped by its tracer (pid {})", sleeper.thread.tracer));
    Wait wait;
    wait.kind = WaitKind::stopped;
    wait.sentence = "is stopped by a signal until somebody lets it continue";
    wait.wakers = living_threads(sleeper.snapshot, sleeper.thread.tid);
    return wait;
}

// The numbers of 32-bit system calls mean other calls; /proc does not tell which table they belong to, but
// the addresses do.
bool is_32_bit(const ThreadSnapshot& thread) {
    return (thread.sp >> 32) == 0;
}

Wait in_syscall(const Sleeper& sleeper) {
    const ThreadSnapshot& thread = sleeper.thread;
    if (is_32_bit(thread))
        return unclear(WaitKind::unknown,
                       "is in a system call of a 32-bit program, which this version does not understand");
    if (thread.syscall == SYS_rt_sigtimedwait)
        return thread.args[2] == 0 ? wait_rules::for_signal(sleeper) : wait_rules::for_time(sleeper);
    const auto rule = rules().find(thread.syscall);
    return rule == rules().end() ? wait_rules::not_understood(sleeper) : rule->second(sleeper);
}

Wait asleep(const Sleeper& sleeper) {
    if (!sleeper.thread.in_syscall)
        return unclear(WaitKind::unknown,
                       "sleeps outside of a system call that could be read, maybe for a page of memory");
    Wait wait = in_syscall(sleeper);
    // In the kernel for something short, like a disk; only the wait of a vfork looks like this and lasts.
    if (sleeper.thread.state == 'D' && wait.kind != WaitKind::vfork) wait.by_itself = true;
    return wait;
}

Wait by_state(const Sleeper& sleeper) {
    const ThreadSnapshot& thread = sleeper.thread;
    if (has_ended(thread))
        return {.kind = WaitKind::exited,
                .sentence = "has ended",
                .location = {},
                .children = {},
                .wakers = {},
                .by_outside = {}};
    if (thread.paused) return goes_on(WaitKind::stopped, "is stopped by the runner for a moment");
    if (thread.held_at) return held(thread);
    switch (thread.state) {
        case 'T':
        case 't':
            return stopped(sleeper);
        case 'S':
        case 'D':
            return asleep(sleeper);
        default:
            return goes_on(WaitKind::running, "runs");
    }
}

// Whatever a thread waits for, these may end it: a signal that interrupts it, completions that no thread of
// the process asks for.
void add_wakers_of_the_process(Wait& wait, const ProcessSnapshot& process) {
    if (wait.kind == WaitKind::exited || wait.kind == WaitKind::held || wait.by_itself || wait.by_outside)
        return;
    if (process.alarm) wait.by_outside = fmt::format("a timer of {} may send it a signal", label(process));
    if (process.untracked_wakers)
        wait.by_outside = fmt::format("{} uses io_uring, which this version does not follow", label(process));
}

}  // namespace

std::vector<ThreadWait> waits_of(const Snapshot& snapshot) {
    std::vector<ThreadWait> waits;
    for (const ProcessSnapshot& process : snapshot.processes)
        for (const ThreadSnapshot& thread : process.threads) {
            ThreadWait wait = {.pid = process.pid, .tid = thread.tid, .wait = {}, .may_go_on = {}};
            wait.wait = by_state({.snapshot = snapshot, .process = process, .thread = thread});
            add_wakers_of_the_process(wait.wait, process);
            waits.push_back(std::move(wait));
        }
    return waits;
}

}  // namespace rehang
