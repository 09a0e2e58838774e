#include "diagnose/waits.h"

#include <fmt/format.h>
#include <sys/syscall.h>

#include <csignal>

#include <map>
#include <optional>

#include "base/names.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"

namespace rehang {
namespace {

using wait_rules::Sleeper;

const std::map<long, Wait (*)(const Sleeper&)>& rules() {
    static const std::map<long, Wait (*)(const Sleeper&)> table = {
        {SYS_open, wait_rules::for_partner_at_fifo},
        {SYS_openat, wait_rules::for_partner_at_fifo},
        {SYS_openat2, wait_rules::for_partner_at_fifo},
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
    if (const auto interests = interests_of(sleeper.snapshot, sleeper.process, thread))
        return wait_rules::at_descriptors(sleeper, *interests);
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
    if (sleeper.process.outside)
        return goes_on(WaitKind::running, "is outside of the tree, and may do anything");
    if (thread.moved) return goes_on(WaitKind::running, "runs");
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

// Bit N-1 for signal N. Those that report a mistake of the thread itself, and the two that libc keeps for
// itself (SIGCANCEL, SIGSETXID), come from nobody else. SIGINT is the user who gives up, not a way in which a
// program goes on.
std::uint64_t unexpected_signals() {
    std::uint64_t mask = 0;
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGINT, 32, 33})
        mask |= std::uint64_t{1} << (signal - 1);
    return mask;
}

std::string names_of_signals(std::uint64_t mask) {
    constexpr size_t most = 3;
    std::vector<std::string> names;
    for (int signal = 1; signal <= 64; ++signal)
        if (mask >> (signal - 1) & 1U) names.push_back(signal_name(signal));
    if (names.size() > most) {
        names.resize(most);
        names.emplace_back("…");
    }
    return enumerate(names, ", ");
}

// Who waits for a lock goes on waiting for it after a handler has run, and no handler may release one
// (signal-safety(7)).
bool waits_for_lock(const ThreadWait& waiting, const ThreadSnapshot& thread) {
    return waiting.wait.kind == WaitKind::futex && (waiting.wait.retried || is_lock_wait(thread));
}

// The handler of one thread may wake any thread of its process.
std::optional<std::string> handler_that_may_run(const ProcessSnapshot& process) {
    std::uint64_t handled = 0;
    for (const ThreadSnapshot& thread : process.threads)
        if (!has_ended(thread)) handled |= thread.handled_signals;
    handled &= ~unexpected_signals();
    if (handled == 0) return std::nullopt;
    return fmt::format("a signal may end its wait: {} has handlers ({})", label(process),
                       names_of_signals(handled));
}

// How far the wait is understood where the whole machine is the world.
std::optional<std::string> waker_on_the_machine(const Snapshot& snapshot, const ProcessSnapshot& process,
                                                const ThreadSnapshot& thread, const ThreadWait& waiting) {
    if (process.outside) return "is not one of the processes that were asked about, and may do anything";
    switch (waiting.wait.kind) {
        case WaitKind::futex: {
            const elf::Mapping* const mapping = mapping_at(process, waiting.wait.address);
            if (mapping && mapping->shared && snapshot.unseen) return snapshot.unseen;
            if (waits_for_lock(waiting, thread)) return std::nullopt;
            return handler_that_may_run(process);
        }
        case WaitKind::pipe_read:
        case WaitKind::pipe_write:
        case WaitKind::socket_read:
        case WaitKind::socket_write:
        case WaitKind::connect:
        case WaitKind::eventfd:
        case WaitKind::poll:
            if (snapshot.unseen) return snapshot.unseen;
            return handler_that_may_run(process);
        case WaitKind::child:
        case WaitKind::vfork:
            return handler_that_may_run(process);
        case WaitKind::stopped:
            return fmt::format("anybody may let it continue: kill -CONT {}", process.pid);
        case WaitKind::signal:
            return "anybody may send it a signal";
        default:
            return "somebody else on this machine may end its wait";
    }
}

void add_wakers_on_the_machine(const Snapshot& snapshot, const ProcessSnapshot& process,
                               const ThreadSnapshot& thread, ThreadWait& waiting) {
    Wait& wait = waiting.wait;
    if (wait.kind == WaitKind::exited || wait.by_itself || wait.by_outside) return;
    wait.by_outside = waker_on_the_machine(snapshot, process, thread, waiting);
}

}  // namespace

std::vector<ThreadWait> waits_of(const Snapshot& snapshot) {
    std::vector<ThreadWait> waits;
    for (const ProcessSnapshot& process : snapshot.processes)
        for (const ThreadSnapshot& thread : process.threads) {
            ThreadWait wait = {.pid = process.pid, .tid = thread.tid, .wait = {}, .may_go_on = {}};
            wait.wait = by_state({.snapshot = snapshot, .process = process, .thread = thread});
            add_wakers_of_the_process(wait.wait, process);
            if (snapshot.world == World::machine) add_wakers_on_the_machine(snapshot, process, thread, wait);
            waits.push_back(std::move(wait));
        }
    return waits;
}

}  // namespace rehang
