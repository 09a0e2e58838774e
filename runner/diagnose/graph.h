// Who waits for whom, and who of them can never go on. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "diagnose/snapshot.h"
#include "diagnose/wait.h"

namespace rehang {

struct ThreadWait {
    pid_t pid = 0;
    pid_t tid = 0;
    Wait wait;
    bool stuck = false;  // no one who could end its wait can go on
    std::string
        may_go_on;  // for the others: why, as a sentence ("waits with a time-out", "tid 7 may wake it: …")
};

struct WaitGraph {
    std::vector<ThreadWait> threads;  // in the snapshot's order
    const ThreadWait* of(pid_t tid) const;
    // True for none at all: ask for somebody.
    bool all_stuck(const std::vector<pid_t>& tids) const;
};

struct GraphOptions {
    // Holds count as waits that end (false: the proof of a hang) or as waits for ever (true: the order asked
    // for can't be reached).
    bool holds_last = false;
};

// The greatest set of threads that can only be woken by threads of the set.
WaitGraph build_graph(const Snapshot& snapshot, std::vector<ThreadWait> waits, GraphOptions options = {});

}  // namespace rehang
