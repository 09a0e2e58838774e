#include "diagnose/waits.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/names.h"
#include "diagnose/asked_memory.h"
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
        {sys_futex_wait, wait_rules::on_new_futex},
        {sys_futex_waitv, wait_rules::on_many_futexes},
        {SYS_flock, wait_rules::for_flock},
        {SYS_fcntl, wait_rules::for_fcntl_lock},
        {SYS_semop, wait_rules::for_semaphore},
        {SYS_semtimedop, wait_rules::for_semaphore},
        {SYS_msgrcv, wait_rules::for_message},
        {SYS_msgsnd, wait_rules::for_room_in_queue},
        {SYS_wait4, wait_rules::for_child},
        {SYS_waitid, wait_rules::for_child},
        {SYS_vfork, wait_rules::for_vfork},
        {SYS_clone, wait_rules::for_vfork},
        {SYS_clone3, wait_rules::for_vfork},
        {SYS_pause, wait_rules::for_signal},
        {SYS_rt_sigsuspend, wait_rules::for_signal},
        {SYS_rt_sigtimedwait, wait_rules::for_any_signal_of},
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

Wait ended() {
    Wait wait;
    wait.kind = WaitKind::exited;
    wait.sentence = "has ended";
    return wait;
}

Wait held(const ThreadSnapshot& thread) {
    Wait wait;
    wait.kind = WaitKind::held;
    wait.sentence = fmt::format("is held at point \"{}\"", *thread.held_at);
    return wait;
}

// The numbers of 32-bit system calls mean other calls; /proc does not tell which table they belong to.
bool is_32_bit_program(const ThreadSnapshot& thread) {
    return (thread.sp >> 32) == 0;
}

Wait in_syscall(const Sleeper& sleeper) {
    const ThreadSnapshot& thread = sleeper.thread;
    if (is_32_bit_program(thread))
        return unclear(WaitKind::unknown,
                       "is in a system call of a 32-bit program, which this version does not understand");
    if (!thread.by_syscall)
        return unclear(
            WaitKind::unknown,
            "is in a system call as 32-bit programs make it, which this version does not understand");
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
    if (has_ended(thread)) return ended();
    if (sleeper.process.outside)
        return goes_on(WaitKind::running, "is outside of the tree, and may do anything");
    if (thread.moved) return goes_on(WaitKind::running, "runs");
    if (thread.spin && thread.spin->endless) return wait_rules::spinning(sleeper);
    if (thread.paused && thread.spin) return wait_rules::running(sleeper);
    if (thread.paused) return goes_on(WaitKind::stopped, "is stopped by the runner for a moment");
    if (thread.held_at) return held(thread);
    switch (thread.state) {
        case 'T':
        case 't':
            return wait_rules::to_be_continued(sleeper);
        case 'S':
        case 'D':
            return asleep(sleeper);
        default:
            return wait_rules::running(sleeper);
    }
}

constexpr std::uint64_t bit_of(int signal) {
    return std::uint64_t{1} << (signal - 1);
}

// The C libraries' own, for pthread_cancel and setuid: only threads of the same process send them, and all of
// those are looked at anyway.
constexpr std::uint64_t internal_signals = bit_of(32) | bit_of(33);

bool runs_handlers(const ThreadSnapshot& thread) {
    return (thread.caught & ~internal_signals) != 0;
}

// Does what it waits for depend on nobody else being alive? A private futex: other processes can't touch its
// word, and the kernel does not either when they die.
bool notices_the_end_of_others(const Wait& wait) {
    return wait.kind != WaitKind::futex;
}

// The other process, if it is one, that may have asked the kernel to do this for it at some time.
const ProcessSnapshot* untracked_waker(const Sleeper& sleeper, const Wait& wait) {
    for (const ProcessSnapshot& process : sleeper.snapshot.processes) {
        if (!process.untracked_wakers) continue;
        const bool may_wake = std::ranges::any_of(wait.wakers, [&](pid_t tid) {
            return std::ranges::find(process.threads, tid, &ThreadSnapshot::tid) != process.threads.end();
        });
        if (may_wake || process.pid == sleeper.process.pid) return &process;
    }
    return nullptr;
}

std::optional<std::string> unseen_signals(const Sleeper& sleeper) {
    if (sleeper.process.alarm)
        return fmt::format("a timer of {} may send it a signal", label(sleeper.process));
    if (!runs_handlers(sleeper.thread)) return std::nullopt;
    // Timers of alarm(2) and setitimer(2) are not to be seen from outside.
    if (sleeper.snapshot.world == World::machine && (sleeper.thread.caught & bit_of(SIGALRM)) != 0)
        return fmt::format("{} handles SIGALRM, and whether a timer will send it can't be seen",
                           label(sleeper.process));
    return wait_rules::signals_from_descriptors(sleeper.snapshot);
}

// Whatever a thread waits for, these may end it: a signal whose handler does anything or that kills somebody
// it depends on, completions that no thread of the process asks for.
void add_what_ends_any_wait(Wait& wait, const Sleeper& sleeper) {
    if (wait.kind == WaitKind::exited || wait.kind == WaitKind::held || wait.by_itself || wait.by_outside)
        return;
    wait.by_signals = wait.by_signals || notices_the_end_of_others(wait) || runs_handlers(sleeper.thread);
    wait.by_outside = unseen_signals(sleeper);
    if (const ProcessSnapshot* const process = untracked_waker(sleeper, wait))
        wait.by_outside = fmt::format("{} uses io_uring or userfaultfd, which this version does not follow",
                                      label(*process));
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
        if (!has_ended(thread)) handled |= thread.caught;
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
    // Handlers are asked for below. That somebody outside may kill is always so, and no way of going on; but
    // one of the tree may be there to do so, and that ends the waits of those who notice it.
    wait.by_signals = notices_the_end_of_others(wait);
    wait.by_outside = waker_on_the_machine(snapshot, process, thread, waiting);
}

}  // namespace

std::vector<ThreadWait> waits_of(const Snapshot& snapshot) {
    std::vector<ThreadWait> waits;
    for (const ProcessSnapshot& process : snapshot.processes)
        for (const ThreadSnapshot& thread : process.threads) {
            ThreadWait wait = {.pid = process.pid, .tid = thread.tid, .wait = {}, .may_go_on = {}};
            const Sleeper sleeper = {.snapshot = snapshot, .process = process, .thread = thread};
            wait.wait = by_state(sleeper);
            add_what_ends_any_wait(wait.wait, sleeper);
            if (snapshot.world == World::machine) add_wakers_on_the_machine(snapshot, process, thread, wait);
            waits.push_back(std::move(wait));
        }
    return waits;
}

}  // namespace rehang
