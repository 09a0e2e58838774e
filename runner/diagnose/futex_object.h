// What a futex word belongs to: the mutex, condition variable, semaphore … of a C library, and who holds it.
// Pure. Sources: glibc's nptl (sysdeps/nptl/bits/struct_mutex.h, struct_rwlock.h), musl's
// src/internal/pthread_impl.h.
#pragma once

#include <span>

#include "diagnose/snapshot.h"
#include "diagnose/wait.h"
#include "elf/unwind.h"

namespace rehang {

// Fills in `object` and `owner` of a wait for a futex and makes its sentence, with `location` for the
// object's place. What the system call alone tells is a PI mutex and a join; the rest is known by the
// functions on the stack (innermost first; may be empty), which are exported, so it works without debug
// symbols too.
void recognise_object(const Snapshot& snapshot, const ProcessSnapshot& process, Wait& wait,
                      std::span<const elf::Frame> stack);

// The thread that holds the lock, or is to be joined. Null where nobody is known to, or where that thread
// does not exist (any more).
const ThreadSnapshot* owner_of(const Snapshot& snapshot, pid_t pid, const Wait& wait);

// Is the object one that has owners?
bool is_owned_lock(const Wait& wait);
bool is_join(const Wait& wait);

}  // namespace rehang
