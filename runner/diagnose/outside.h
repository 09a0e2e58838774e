// The rest of the machine: who, outside of the tree that was asked about, could be at the other end of what
// its processes wait for.
#pragma once

#include "diagnose/snapshot.h"

namespace rehang {

struct Outside {
    // Those that have a pipe, a FIFO or a socket open, or memory mapped, that a process of the snapshot has
    // too.
    std::vector<ProcessSnapshot> processes;
    // Who could not be looked into, as a sentence.
    std::optional<std::string> unseen;
};

enum class Reach {
    address_space,  // only who has all of a process's memory: enough for a lock in private memory
    everything,
};

// Looks twice: what is handed from one process to another during one pass is seen in the other. Some
// milliseconds for a machine with hundreds of processes.
Outside look_outside(const Snapshot& snapshot, Reach reach);

}  // namespace rehang
