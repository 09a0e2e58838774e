#include "diagnose/waited_object.h"

#include <linux/futex.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

struct KnownFunction {
    std::string_view name;  // without the underscores that aliases inside of libraries begin with
    ObjectKind kind;
};
constexpr std::array functions = {
    KnownFunction{"pthread_cond_wait", ObjectKind::condition},
    KnownFunction{"pthread_cond_timedwait", ObjectKind::condition},
    KnownFunction{"pthread_cond_clockwait", ObjectKind::condition},
    KnownFunction{"pthread_cond_destroy", ObjectKind::condition_end},
    KnownFunction{"sem_wait", ObjectKind::semaphore},
    KnownFunction{"sem_timedwait", ObjectKind::semaphore},
    KnownFunction{"sem_clockwait", ObjectKind::semaphore},
};

std::string_view without_underscores(std::string_view name) {
    name.remove_prefix(std::min(name.find_first_not_of('_'), name.size()));
    return name;
}

ObjectKind by_functions(const Evidence& evidence, pid_t tid) {
    constexpr size_t innermost = 4;  // what these functions are made of
    const auto stack = evidence.stacks.find(tid);
    if (stack == evidence.stacks.end()) return ObjectKind::unknown;
    for (const elf::Frame& frame : stack->second | std::views::take(innermost)) {
        const auto known =
            std::ranges::find(functions, without_underscores(frame.symbol), &KnownFunction::name);
        if (known != functions.end()) return known->kind;
    }
    return ObjectKind::unknown;
}

// struct new_sem: the value and the number of threads that wait, 32 bits each, then 0 or FUTEX_PRIVATE_FLAG
// for a semaphore of one process or of several. A thread waits while the value is 0, and counts itself first.
bool is_semaphore(const Evidence& evidence, const ThreadWait& waiting) {
    const Wait& wait = waiting.wait;
    const auto waiters = word_at(evidence.snapshot, waiting.pid, wait.address + 4);
    const auto shared = word_at(evidence.snapshot, waiting.pid, wait.address + 8);
    const ThreadSnapshot* const thread = find_thread(evidence.snapshot, waiting.tid);
    if (wait.expected != 0 || !waiters || !shared || !thread) return false;
    const bool waits_privately = (thread->args[1] & FUTEX_PRIVATE_FLAG) != 0;
    return *waiters > 0 && *waiters < 0x10000 && *shared == (waits_privately ? 0 : FUTEX_PRIVATE_FLAG);
}

// CPython up to 3.12, Python/thread_pthread.h: with POSIX semaphores, a lock is one.
bool is_pythons_lock(const Evidence& evidence, pid_t tid) {
    return stands_in(evidence, tid, "PyThread_acquire_lock_timed") ||
           stands_in(evidence, tid, "PyThread_acquire_lock");
}

}  // namespace

ObjectKind object_waited_at(const Evidence& evidence, const ThreadWait& waiting) {
    if (waiting.wait.kind != WaitKind::futex) return ObjectKind::unknown;
    const ObjectKind kind = by_functions(evidence, waiting.tid);
    if (kind != ObjectKind::unknown) return kind;
    return is_semaphore(evidence, waiting) ? ObjectKind::semaphore : ObjectKind::unknown;
}

namespace {

// Whoever spins may as well wait for a flag that another thread would clear: a lock is what the loop tries to
// take, atomically.
LockKind lock_spun_for(const Evidence& evidence, const ThreadWait& waiting) {
    if (stands_in(evidence, waiting.tid, "pthread_spin_lock")) return LockKind::spinlock;
    const auto& accesses = find_thread(evidence.snapshot, waiting.tid)->spin->accesses;
    const bool takes_it = std::ranges::any_of(accesses, [&](const spin::Access& access) {
        return access.locks && access.address == waiting.wait.address;
    });
    return takes_it && (waiting.wait.word == 1 || waiting.wait.word == 2) ? LockKind::low_level
                                                                          : LockKind::word;
}

}  // namespace

LockKind lock_waited_for(const Evidence& evidence, const ThreadWait& waiting) {
    const std::uint32_t word = waiting.wait.word;
    const auto kind = [&] {
        if (waiting.wait.kind == WaitKind::spin) return lock_spun_for(evidence, waiting);
        switch (object_waited_at(evidence, waiting)) {
            case ObjectKind::semaphore:
                return is_pythons_lock(evidence, waiting.tid) ? LockKind::semaphore : LockKind::none;
            case ObjectKind::condition:
            case ObjectKind::condition_end:
                return LockKind::none;
            case ObjectKind::unknown:
                break;
        }
        if (stands_in(evidence, waiting.tid, "__cxa_guard_acquire")) return LockKind::guard;
        return word == 1 || word == 2 ? LockKind::low_level : LockKind::word;
    }();
    return is_locked(kind, word) ? kind : LockKind::none;
}

bool is_locked(LockKind kind, std::uint32_t word) {
    constexpr std::uint32_t guard_pending = 0x100;  // libstdc++, cxxabi_tweaks.h: the second byte
    switch (kind) {
        case LockKind::semaphore:
            return word == 0;
        case LockKind::guard:
            return (word & guard_pending) != 0;
        case LockKind::spinlock:
            return static_cast<std::int32_t>(word) <= 0;
        default:
            return word != 0;
    }
}

std::string_view told(ObjectKind kind) {
    switch (kind) {
        case ObjectKind::condition:
        case ObjectKind::condition_end:
            return "the condition variable at";
        case ObjectKind::semaphore:
            return "the semaphore at";
        case ObjectKind::unknown:
            break;
    }
    return "the futex word at";
}

}  // namespace rehang
