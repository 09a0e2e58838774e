// Why threads are stuck. One function a cause; each says nothing unless the evidence shows it.
#pragma once

#include <optional>

#include "diagnose/evidence.h"

namespace rehang {

// A lock was locked at a fork by a thread that fork did not copy (inherited_lock.cc).
std::optional<Finding> find_inherited_lock(const Evidence& evidence);
// The same where nobody has seen the fork: a mutex names an owner that is a thread of the parent
// (foreign_owner.cc).
std::optional<Finding> find_foreign_owner(const Evidence& evidence);
// All threads of a process wait for one lock without an owner in it. Cause unknown, but more is said than the
// waits (foreign_owner.cc).
std::optional<Finding> find_lock_of_nobody(const Evidence& evidence);
// Threads of one process wait for each other's locks in a circle (lock_cycle.cc).
std::optional<Finding> find_lock_cycle(const Evidence& evidence);
// A reader waits for the end of a pipe, a FIFO or a socket's stream whose other end is kept open by processes
// that wait for something else (held_pipe.cc).
std::optional<Finding> find_held_pipe(const Evidence& evidence);
// A thread waits for one that existed in its process's parent, and that fork did not copy (lost_thread.cc).
std::optional<Finding> find_lost_thread(const Evidence& evidence);
// A thread waits for a wake-up that a fault of the scenario has swallowed (lost_wakeup.cc).
std::optional<Finding> find_unmade_wake(const Evidence& evidence);
// A thread waits for a wake-up that has come already, or that nobody is left to give (lost_wakeup.cc).
std::optional<Finding> find_lost_wakeup(const Evidence& evidence);

// A thread goes round in an endless loop (spin_cause.cc): one where the chain of waits ends, or any one.
std::optional<Finding> find_spin_at_the_end(const Evidence& evidence);
std::optional<Finding> find_spin(const Evidence& evidence);

// The first that is found, in this order; otherwise cause unknown, and just the waits told.
Finding find_cause(const Evidence& evidence);

}  // namespace rehang
