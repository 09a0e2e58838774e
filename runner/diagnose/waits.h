// What every thread of a snapshot waits for, and who could end that. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "diagnose/graph.h"
#include "diagnose/snapshot.h"
#include "diagnose/wait.h"

namespace rehang {

// In the snapshot's order. Where in doubt a waker too many: that can only lose a proof, never make a false
// one.
std::vector<ThreadWait> waits_of(const Snapshot& snapshot);

// Puts a name in the place of a futex wait's bare address: in its location and in its sentence.
void rename_location(Wait& wait, const std::string& name);

// Puts the function in which a thread spins into the sentence.
void name_function(Wait& wait, const std::string& function);

// Of the arguments of futex(2): FUTEX_WAIT and its relatives.
bool is_futex_wait(const std::array<std::uint64_t, 6>& args);
// The same with a time-out.
bool is_timed_futex_wait(const ThreadSnapshot& thread);
// A wait for a lock, as libc's locks without an owner in the word do it: FUTEX_WAIT while the word is 2,
// "locked, and somebody waits"; or for a PI lock. Conditions, semaphores and joins wait by other operations
// or words.
bool is_lock_wait(const ThreadSnapshot& thread);

}  // namespace rehang
