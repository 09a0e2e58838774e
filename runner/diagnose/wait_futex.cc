// futex(2), futex_wait(2) and futex_waitv(2).
#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>

#include "diagnose/asked_memory.h"
#include "diagnose/futex_object.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"
#include "diagnose/waits.h"

namespace rehang::wait_rules {
namespace {

constexpr std::uint64_t lock_pi2 = 13;  // FUTEX_LOCK_PI2 of Linux 5.14, newer than some headers
// Flags of the system calls that came later: the word's size, and the private flag as of old.
constexpr std::uint64_t size_mask = 3, size_32_bit = 2;

// One of the words that a thread waits for.
struct FutexWord {
    std::uint64_t address = 0;
    std::uint32_t expected = 0;
    bool is_private = false;  // FUTEX_PRIVATE_FLAG: only threads with the same memory can wake it
};

std::uint64_t operation(const std::array<std::uint64_t, 6>& args) {
    return args[1] & ~std::uint64_t{FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME};
}

bool waits(std::uint64_t operation) {
    return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET || operation == FUTEX_LOCK_PI ||
           operation == lock_pi2 || operation == FUTEX_WAIT_REQUEUE_PI;
}

// PI locks: the kernel compares no value, the word is the owner's tid.
bool is_pi_lock(std::uint64_t operation) {
    return operation == FUTEX_LOCK_PI || operation == lock_pi2;
}

std::vector<pid_t> threads_with_the_same_memory(const Sleeper& sleeper) {
    std::vector<pid_t> threads;
    for (const ProcessSnapshot& process : sleeper.snapshot.processes)
        if (share_memory(sleeper.process, process))
            std::ranges::copy(living_threads(process, sleeper.thread.tid), std::back_inserter(threads));
    return threads;
}

// MAP_SHARED | MAP_ANONYMOUS shows as /dev/zero: nobody can map it later, it is only inherited.
bool is_only_inherited(const elf::Mapping& mapping) {
    return mapping.path.empty() || mapping.path == "/dev/zero" || mapping.path.starts_with("[anon_shmem:");
}

std::vector<pid_t> threads_that_map(const Sleeper& sleeper, const elf::Mapping& mapping) {
    std::vector<pid_t> threads;
    for (const ProcessSnapshot& process : sleeper.snapshot.processes) {
        const bool maps = std::ranges::any_of(process.mappings, [&](const elf::Mapping& other) {
            return other.shared && other.inode == mapping.inode && other.path == mapping.path;
        });
        if (maps || process.unreadable)
            std::ranges::copy(living_threads(process, sleeper.thread.tid), std::back_inserter(threads));
    }
    return threads;
}

std::optional<std::string> others_that_may_map(const Sleeper& sleeper, const elf::Mapping& mapping) {
    if (sleeper.snapshot.world == World::machine)
        return "its futex word lies in shared memory, which processes that are not looked at may map";
    // Shared memory of System V belongs to an IPC namespace.
    if (mapping.path.starts_with("/SYSV") &&
        sleeper.process.ipc_namespace == sleeper.snapshot.ipc_namespace_outside)
        return "its futex word lies in shared memory of System V, which anybody in its IPC namespace may map";
    if (is_only_inherited(mapping) || mapping.path.starts_with("/memfd:") ||
        mapping.path.starts_with("/SYSV") || is_private_place(mapping.path))
        return std::nullopt;
    return fmt::format("its futex word lies in {}, which anybody may map", mapping.path);
}

void add_wakers_through_shared_memory(Wait& wait, const Sleeper& sleeper, const elf::Mapping& mapping) {
    std::ranges::copy(is_only_inherited(mapping) ? threads_that_map(sleeper, mapping)
                                                 // each could map it by its name
                                                 : living_threads(sleeper.snapshot, sleeper.thread.tid),
                      std::back_inserter(wait.wakers));
    // The kernel wakes a waiter for a robust mutex when its owner in another process is killed.
    wait.by_signals = std::ranges::any_of(
        wait.wakers, [&](pid_t tid) { return process_of_thread(sleeper.snapshot, tid) != &sleeper.process; });
    if (auto others = others_that_may_map(sleeper, mapping)) wait.by_outside = std::move(others);
}

void add_wakers(Wait& wait, const Sleeper& sleeper, const FutexWord& word) {
    const elf::Mapping* const mapping = mapping_at(sleeper.process, word.address);
    if (!mapping) {
        wait.by_outside = fmt::format("what its futex word at {:#x} lies in can't be read", word.address);
    } else if (mapping->shared && !word.is_private) {
        add_wakers_through_shared_memory(wait, sleeper, *mapping);
    } else if (!word.is_private && !mapping->writable) {
        // Never written to, so maybe still the file's own page: its waiters are those of the file.
        wait.by_outside = fmt::format("its futex word lies in a read-only mapping of {}", mapping->path);
    } else {
        std::ranges::copy(threads_with_the_same_memory(sleeper), std::back_inserter(wait.wakers));
        wait.by_signals = wait.by_signals || sleeper.process.memory_of != 0;  // one that shares it may die
    }
    if (!word_at(sleeper.snapshot, sleeper.process.pid, word.address))
        wait.by_outside = fmt::format("its futex word at {:#x} can't be read", word.address);
}

// A wait for the first of the words, that a wake-up of any of them would end.
Wait for_words(const Sleeper& sleeper, const std::vector<FutexWord>& words) {
    const bool timed = is_timed_futex_wait(sleeper.thread);
    Wait wait;
    wait.kind = WaitKind::futex;
    wait.address = words.front().address;
    wait.expected = words.front().expected;
    wait.word = word_at(sleeper.snapshot, sleeper.process.pid, wait.address).value_or(0);
    wait.location = fmt::format("{:#x}", wait.address);
    for (const FutexWord& word : words) add_wakers(wait, sleeper, word);
    std::ranges::sort(wait.wakers);
    const auto repeated = std::ranges::unique(wait.wakers);
    wait.wakers.erase(repeated.begin(), repeated.end());
    // The loop ends when it finds the lock free, whoever freed it and without any wake-up.
    wait.retried = timed && sleeper.thread.retried_while && (wait.word & *sleeper.thread.retried_while) != 0;
    wait.by_itself = timed && !wait.retried;
    return wait;
}

}  // namespace

Wait on_futex(const Sleeper& sleeper) {
    const ThreadSnapshot& thread = sleeper.thread;
    if (!waits(operation(thread.args))) return not_understood(sleeper);
    const bool is_private = (thread.args[1] & FUTEX_PRIVATE_FLAG) != 0;
    const bool pi = is_pi_lock(operation(thread.args));
    std::vector<FutexWord> words = {{.address = thread.args[0],
                                     .expected = pi ? 0 : static_cast<std::uint32_t>(thread.args[2]),
                                     .is_private = is_private}};
    // Moved to the second word, that of a mutex, when the first one is woken.
    if (operation(thread.args) == FUTEX_WAIT_REQUEUE_PI)
        words.push_back({.address = thread.args[4], .expected = 0, .is_private = is_private});
    Wait wait = for_words(sleeper, words);
    if (pi) wait.object = "PI mutex";
    recognise_object(sleeper.snapshot, sleeper.process, wait, {});
    return wait;
}

Wait on_new_futex(const Sleeper& sleeper) {
    const auto& args = sleeper.thread.args;
    if ((args[3] & size_mask) != size_32_bit) return not_understood(sleeper);
    Wait wait = for_words(sleeper, {{.address = args[0],
                                     .expected = static_cast<std::uint32_t>(args[1]),
                                     .is_private = (args[3] & FUTEX_PRIVATE_FLAG) != 0}});
    recognise_object(sleeper.snapshot, sleeper.process, wait, {});
    return wait;
}

Wait on_many_futexes(const Sleeper& sleeper) {
    const auto& args = sleeper.thread.args;
    const std::uint64_t count = args[1];
    std::vector<FutexWord> words;
    for (std::uint64_t i = 0; i < std::min(count, most_futexes); ++i) {
        const auto waiter =
            value_at<FutexWaiter>(sleeper.snapshot, sleeper.process.pid, args[0] + i * sizeof(FutexWaiter));
        if (!waiter || (waiter->flags & size_mask) != size_32_bit) return not_understood(sleeper);
        words.push_back({.address = waiter->address,
                         .expected = static_cast<std::uint32_t>(waiter->expected),
                         .is_private = (waiter->flags & FUTEX_PRIVATE_FLAG) != 0});
    }
    if (words.empty() || words.size() != count) return not_understood(sleeper);
    Wait wait = for_words(sleeper, words);
    recognise_object(sleeper.snapshot, sleeper.process, wait, {});
    if (count > 1) wait.sentence += fmt::format(", or for one of {} others", count - 1);
    return wait;
}

}  // namespace rehang::wait_rules

namespace rehang {

void rename_location(Wait& wait, const std::string& name) {
    if (const size_t at = wait.sentence.find(wait.location); at != std::string::npos)
        wait.sentence.replace(at, wait.location.size(), name);
    wait.location = name;
}

bool is_futex_wait(const std::array<std::uint64_t, 6>& args) {
    return wait_rules::waits(wait_rules::operation(args));
}

bool is_lock_wait(const ThreadSnapshot& thread) {
    constexpr std::uint64_t locked_with_waiters = 2;
    if (!thread.in_syscall || thread.syscall != SYS_futex) return false;
    const std::uint64_t operation = wait_rules::operation(thread.args);
    return operation == FUTEX_LOCK_PI || operation == wait_rules::lock_pi2 ||
           (operation == FUTEX_WAIT && static_cast<std::uint32_t>(thread.args[2]) == locked_with_waiters);
}

bool is_timed_futex_wait(const ThreadSnapshot& thread) {
    if (!thread.in_syscall) return false;
    switch (thread.syscall) {
        case SYS_futex:
            return is_futex_wait(thread.args) && thread.args[3] != 0;
        case sys_futex_wait:
            return thread.args[4] != 0;
        case sys_futex_waitv:
            return thread.args[3] != 0;
        default:
            return false;
    }
}

}  // namespace rehang
