#include "diagnose/waited_object.h"

#include <algorithm>

#include "diagnose/futex_object.h"
#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

// CPython up to 3.12, Python/thread_pthread.h: with POSIX semaphores, a lock is one.
bool is_pythons_lock(const Evidence& evidence, pid_t tid) {
    return stands_in(evidence, tid, "PyThread_acquire_lock_timed") ||
           stands_in(evidence, tid, "PyThread_acquire_lock");
}

}  // namespace

ObjectKind object_waited_at(const Evidence& evidence, const ThreadWait& waiting) {
    const Wait& wait = waiting.wait;
    if (wait.kind != WaitKind::futex) return ObjectKind::unknown;
    if (wait.object == "semaphore") return ObjectKind::semaphore;
    if (wait.object != "condition variable") return ObjectKind::unknown;
    return stands_in(evidence, waiting.tid, "pthread_cond_destroy") ? ObjectKind::condition_end
                                                                    : ObjectKind::condition;
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
        const std::string& object = waiting.wait.object;
        if (is_join(waiting.wait) || object == "barrier") return LockKind::none;
        if (object == "guard of a static variable") return LockKind::guard;
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

std::string told_object(const Wait& wait) {
    return wait.object.empty() || is_join(wait) ? "the futex word" : "the " + wait.object;
}

}  // namespace rehang
