// What a system call fault of a scenario says, as far as it needs no other table.
#pragma once

#include <optional>
#include <vector>

#include "scenario/call_condition.h"
#include "scenario/checks.h"
#include "scenario/fault_decl.h"
#include "scenario/fault_effect.h"
#include "scenario/problems.h"

namespace rehang {

struct UnderstoodFault {
    std::vector<CallSelector> calls;
    FaultOccurrence occurrence;
    FaultEffect effect;  // without held_at
};

// Reports all that is wrong with it. Whole only if nothing was reported and the parameters are in.
UnderstoodFault understand_fault(const FaultDecl& fault, Stage stage, Problems& problems);

}  // namespace rehang
