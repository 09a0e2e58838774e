// Decides the value of each parameter for one run and puts them into the scenario's texts. Pure.
#pragma once

#include <string>

#include "plan/plan.h"
#include "scenario/scenario.h"

namespace rehang {

struct BuiltinParams {
    std::string targets;       // ${targets}
    std::string scenario_dir;  // ${scenario_dir}
    std::string arm64_root;    // ${arm64_root}
};

struct ScenarioWithParams {
    Scenario scenario;
    std::vector<std::string> used_folders;  // values of the built-in parameters that a text refers to
};

// `params` has a value for every parameter of the scenario. References that are wrong stay as they are: they
// were reported when the scenario was read.
ScenarioWithParams put_in_params(const Scenario& scenario, const Params& params,
                                 const BuiltinParams& builtin);

}  // namespace rehang
