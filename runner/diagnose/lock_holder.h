// Who may hold a lock that does not say who holds it.
#pragma once

#include <vector>

#include "diagnose/evidence.h"

namespace rehang {

// Who has to go on for a thread's wait to end, where that is one thread, which the object names: the owner of
// the lock, the thread to be joined. 0: it names none, or one that does not exist.
pid_t one_awaited(const Evidence& evidence, const ThreadWait& waiting);

// The threads that may hold the lock that `waiting` waits for, if the lock names no owner, and each of them
// is known to wait for `waiting` in its turn; the longest way first. Whoever of them it is, nobody goes on.
// Empty where it may be somebody else: a thread that has ended, one that the process was forked from.
std::vector<pid_t> holders_that_wait_in_turn(const Evidence& evidence, const ThreadWait& waiting);

}  // namespace rehang
