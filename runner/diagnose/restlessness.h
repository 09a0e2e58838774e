// Who uses the processor look after look and needs no more memory, or sleeps and wakes up by the clock all
// the time. Pure.
#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

#include "diagnose/graph.h"
#include "diagnose/snapshot.h"

namespace rehang {

class Restlessness {
  public:
    void add_look(const Snapshot& snapshot, const std::vector<ThreadWait>& waits);
    // As of the last look.
    std::vector<pid_t> threads() const;

  private:
    struct Record {
        unsigned running = 0;  // looks at which it had run since the look before, and wanted to run on
        unsigned woken = 0;    // looks at which it slept by the clock and had run since the look before
        bool naps = false;     // does so now
        RunCount run_count;
        std::uint64_t faults = 0;
    };
    std::map<pid_t, Record> records_;
};

}  // namespace rehang
