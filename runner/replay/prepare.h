// From a scenario's file to its plans; the same way in the command and in its workers.
#pragma once

#include <string>
#include <vector>

#include "host/host.h"
#include "plan/check_symbols.h"
#include "plan/make_plan.h"

namespace rehang {

struct Prepared {
    Scenario scenario;
    std::vector<Plan> plans;  // empty when there are errors
    Diagnostics diagnostics;  // each once, by place
};

Prepared prepare(const std::string& file, const PlanInput& input);
// Adds what the libraries of this host say about the plans' symbols.
void check_symbols_of(Prepared& prepared, const Libraries& libraries);

// Whether this host has all that the plan needs; the first thing that is missing, as an unsupported error.
Expected<void> possible_here(const Plan& plan, const RequiredAbilities& host);

}  // namespace rehang
