// Which processes and threads there are, whether each one sleeps and how often it has run: what a consistent
// snapshot begins and ends with. Cheap: two small files a thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "diagnose/snapshot.h"

namespace rehang {

struct CensusThread {
    pid_t tid = 0;
    char state = '?';
    RunCount run_count;
    std::uint64_t faults = 0;  // pages that it was given
    std::string name;
    std::uint64_t start_time = 0;
    bool operator==(const CensusThread&) const = default;
};

struct CensusProcess {
    pid_t pid = 0;
    pid_t parent = 0;
    std::vector<CensusThread> threads;  // by birth, the main thread first
    bool operator==(const CensusProcess&) const = default;
};

struct Census {
    std::vector<CensusProcess> processes;  // by birth
    bool complete = true;                  // false: somebody vanished while it was taken
    bool operator==(const Census&) const = default;
};

// Everything below the roots; the roots themselves only if they count.
enum class Roots { count, do_not_count };
Census take_census(const std::vector<pid_t>& roots, Roots themselves);

// The same, and cheaper where nothing has changed since `last`: who has not run has no new children. (One
// whose parent has ended becomes the child of another process; but then its parent's end is a change.)
Census take_census(const std::vector<pid_t>& roots, Roots themselves, const Census& last);

// Null where there is none.
const CensusThread* find_thread(const Census& census, pid_t tid);
// Does not run, is not about to, and is not on its way out.
bool sleeps(const CensusThread& thread);
// No thread runs, is about to, or is on its way out. Two equal censuses of sleeping threads prove that all of
// them slept from the end of the first to the beginning of the second: a thread that sleeps in both and was
// not put on a CPU in between was not woken.
bool all_sleep(const Census& census);

}  // namespace rehang
