// Scenario + parameters -> Plans. Pure: no system call.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"
#include "scenario/diagnostic.h"
#include "scenario/scenario.h"

namespace rehang {

struct PlanInput {
    Params set;           // --set; must name parameters of the scenario
    std::string targets;  // ${targets}: the folder of the stand-in programs
    std::uint64_t seed = 0;
    std::string arm64_root = {};  // ${arm64_root}: an arm64 system's files; may not exist
};

struct Plans {
    std::vector<Plan> plans;  // for each matrix combination in the order of the file: the scenario, then its
                              // control if it has one
    Diagnostics diagnostics;
};

// A parameter given by --set leaves the matrix. ${scenario_dir} is the folder of the scenario's file.
// Diagnostics: references to parameters that don't exist (with a suggestion), --set of unknown ones, values
// that are only wrong once parameters are in, more hardware breakpoints asked of a thread than there are.
Plans make_plans(const Scenario& scenario, const PlanInput& input);

}  // namespace rehang
