#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"
#include "diagnose/waits.h"

namespace rehang::wait_rules {
namespace {

constexpr std::uint64_t lock_pi2 = 13;  // FUTEX_LOCK_PI2 of Linux 5.14, newer than some headers

std::uint64_t operation(const std::array<std::uint64_t, 6>& args) {
    return args[1] & ~std::uint64_t{FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME};
}

bool waits(std::uint64_t operation) {
    return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET || operation == FUTEX_LOCK_PI ||
           operation == lock_pi2 || operation == FUTEX_WAIT_REQUEUE_PI;
}

// PI locks: the kernel compares no value, the word is the owner's tid.
bool compares(std::uint64_t operation) {
    return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET || operation == FUTEX_WAIT_REQUEUE_PI;
}

bool share_memory(const Snapshot& snapshot, const ProcessSnapshot& one, const ProcessSnapshot& other) {
    if (one.pid == other.pid) return true;
    const auto shared_with_parent = [&](const ProcessSnapshot& child, const ProcessSnapshot& parent) {
        return child.parent == parent.pid && child.shares_parents_memory;
    };
    if (shared_with_parent(one, other) || shared_with_parent(other, one)) return true;
    const ProcessSnapshot* const parent = find_process(snapshot, one.parent);
    return parent && one.shares_parents_memory &&
           shared_with_parent(other, *parent);  // two children of one parent
}

std::vector<pid_t> threads_with_the_same_memory(const Sleeper& sleeper) {
    std::vector<pid_t> threads;
    for (const ProcessSnapshot& process : sleeper.snapshot.processes)
        if (share_memory(sleeper.snapshot, sleeper.process, process))
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
        if (maps) std::ranges::copy(living_threads(process, sleeper.thread.tid), std::back_inserter(threads));
    }
    return threads;
}

void add_wakers_through_shared_memory(Wait& wait, const Sleeper& sleeper, const elf::Mapping& mapping) {
    if (is_only_inherited(mapping)) {
        wait.wakers = threads_that_map(sleeper, mapping);
        return;
    }
    wait.wakers = living_threads(sleeper.snapshot, sleeper.thread.tid);  // each could map it by its name
    if (sleeper.snapshot.world == World::machine ||
        (!mapping.path.starts_with("/memfd:") && !mapping.path.starts_with("/SYSV") &&
         !is_private_place(mapping.path)))
        wait.by_outside = fmt::format("its futex word lies in {}, which anybody may map", mapping.path);
}

void add_wakers(Wait& wait, const Sleeper& sleeper) {
    const elf::Mapping* const mapping = mapping_at(sleeper.process, wait.address);
    if (!mapping) {
        wait.by_outside = fmt::format("what its futex word at {:#x} lies in can't be read", wait.address);
    } else if (mapping->shared && (sleeper.thread.args[1] & FUTEX_PRIVATE_FLAG) == 0) {
        add_wakers_through_shared_memory(wait, sleeper, *mapping);
    } else {
        wait.wakers = threads_with_the_same_memory(sleeper);
    }
}

std::string sentence_of(const Wait& wait, bool timed) {
    std::string sentence =
        fmt::format("waits for the futex word at {}, which is {}", wait.location, wait.word);
    if (wait.retried) return sentence + ", in a loop that asks again for ever";
    return timed ? sentence + ", with a time-out" : sentence;
}

}  // namespace

Wait on_futex(const Sleeper& sleeper) {
    const ThreadSnapshot& thread = sleeper.thread;
    if (!waits(operation(thread.args))) return not_understood(sleeper);
    Wait wait;
    wait.kind = WaitKind::futex;
    wait.address = thread.args[0];
    wait.expected = compares(operation(thread.args)) ? static_cast<std::uint32_t>(thread.args[2]) : 0;
    const auto word = word_at(sleeper.snapshot, sleeper.process.pid, wait.address);
    wait.word = word.value_or(0);
    wait.location = fmt::format("{:#x}", wait.address);
    add_wakers(wait, sleeper);
    if (!word) wait.by_outside = fmt::format("its futex word at {:#x} can't be read", wait.address);
    const bool timed = is_timed_futex_wait(thread);
    // The loop ends when it finds the lock free, whoever freed it and without any wake-up.
    wait.retried = timed && thread.retried_while && (wait.word & *thread.retried_while) != 0;
    wait.by_itself = timed && !wait.retried;
    wait.sentence = sentence_of(wait, timed);
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
    return thread.in_syscall && thread.syscall == SYS_futex &&
           is_futex_wait(thread.args) && thread.args[3] != 0;
}

}  // namespace rehang
