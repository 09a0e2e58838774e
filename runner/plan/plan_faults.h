// Puts the faults of a scenario into its plan.
#pragma once

#include "plan/plan.h"
#include "scenario/scenario.h"

namespace rehang {

// After points and holds: faults refer to them, and one that holds adds its own.
void plan_faults(const Scenario& scenario, Plan& plan);

}  // namespace rehang
