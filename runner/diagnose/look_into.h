// What /proc shows of processes and threads of a snapshot that has only their states so far.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "diagnose/snapshot.h"

namespace rehang {

// Descriptors, mappings, and where its threads wait; but for the threads that are known already.
void look_into_process(ProcessSnapshot& process, const std::set<pid_t>& known_threads);

// The following need what look_into_process() has read of all processes.
void find_shared_memory(Snapshot& snapshot);
// What the arguments of the system calls point to.
void read_asked_memory(Snapshot& snapshot);
void compare_watched(Snapshot& snapshot);

// The descriptors of a process ("/proc/PID") that somebody else may wait for.
std::vector<DescriptorSnapshot> channels_of(const std::string& process);

}  // namespace rehang
