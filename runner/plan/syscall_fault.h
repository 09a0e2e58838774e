// A system call that answers something else than it would, fully decided.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "scenario/call_condition.h"
#include "scenario/fault_effect.h"
#include "scenario/process_path.h"
#include "scenario/scenario.h"

namespace rehang {

// When a fault is in force. Indices of points and holds of the plan; everything that is there has to hold.
struct FaultWindow {
    bool after_entry = false;          // after = "main"
    std::optional<size_t> after;       // this point was reached
    std::optional<size_t> before;      // this point was not reached
    std::optional<size_t> while_held;  // this hold keeps a thread
};

struct PlannedSyscallFault {
    std::string name;
    ProcessPath process;
    bool below = true;  // also in what descends from it
    ThreadSelector thread;
    std::vector<CallSelector> calls;  // one of them
    FaultWindow window;
    FaultOccurrence occurrence;
    FaultEffect effect;
    bool in_kernel = false;  // the filter itself answers; nobody counts
    bool optional = false;   // may never fire
    Span at;
};

}  // namespace rehang
