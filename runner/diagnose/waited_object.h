// What the causes have to know of the object that a thread waits at (Wait::object says which it is): whether
// it is a lock, and how that says that it is locked.
#pragma once

#include "diagnose/evidence.h"

namespace rehang {

enum class ObjectKind {
    unknown,        // also every lock
    condition,      // waits to be signalled: pthread_cond_wait, std::condition_variable::wait
    condition_end,  // pthread_cond_destroy: waits for those that wait at it to leave
    semaphore,      // sem_wait: waits for somebody to post
};

ObjectKind object_waited_at(const Evidence& evidence, const ThreadWait& waiting);

// How a lock says that it is locked.
enum class LockKind {
    none,       // it is no lock, or it is not locked
    word,       // its word is not 0
    low_level,  // its word is 1, or 2 when somebody waits: no other object has this
    semaphore,  // Python's locks: a semaphore that is 0
    spinlock,   // pthread_spin_lock's on x86_64: 1 is free; 0 is locked and, with those that wait, less
    guard,      // of a static object in C++ that is just made: __cxa_guard_acquire
};
LockKind lock_waited_for(const Evidence& evidence, const ThreadWait& waiting);
bool is_locked(LockKind kind, std::uint32_t word);

// "the condition variable", "the mutex"; "the futex word" where it is not known.
std::string told_object(const Wait& wait);

}  // namespace rehang
