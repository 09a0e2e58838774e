// A thread that waits for a lock, as its stack tells it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "match/sighting.h"

namespace rehang {

struct LockWait {
    const SeenThread* thread = nullptr;
    SeenFrame taker;                 // the function that wants the lock: the first one that is no lock's own
    std::vector<std::string> stack;  // its name and those further in, innermost first: for [[expect.thread]]
};
// Nothing where the thread is at no lock, or the function that wants it has no name.
std::optional<LockWait> lock_wait_of(const SeenThread& thread);

}  // namespace rehang
