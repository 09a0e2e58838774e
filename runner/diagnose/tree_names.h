// Names for processes that no scenario names: a root is called like its program, its children /1, /2 … by
// birth.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>

#include "diagnose/census.h"
#include "diagnose/snapshot.h"

namespace rehang {

// Remembers: a process keeps its name over all looks, also when its parent has gone.
class TreeNames {
  public:
    // Gives every process of the snapshot its path.
    void name(const Census& census, Snapshot& snapshot);

  private:
    using Birth = std::pair<pid_t, std::uint64_t>;  // pid and start time: a pid may be used again
    std::string new_name(const ProcessSnapshot& process, const std::map<pid_t, std::string>& by_pid);

    std::map<Birth, std::string> names_;
    std::map<std::string, unsigned> children_;  // how many of each have been named
};

}  // namespace rehang
