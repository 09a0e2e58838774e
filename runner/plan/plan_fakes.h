// Fakes: what a [[fake]] becomes in a plan, and whether its model and settings exist. Pure.
#pragma once

#include "plan/plan.h"
#include "scenario/problems.h"

namespace rehang {

// Parameters must be put in.
void check_fakes(const Scenario& scenario, Problems& problems);
// Of a scenario without such mistakes.
void plan_fakes(const Scenario& scenario, Plan& plan);

}  // namespace rehang
