// From a scenario's file to its plans; the same way in the command and in its workers.
#pragma once

#include <string>
#include <vector>

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

}  // namespace rehang
