// A checked scenario with its parameters put in -> the Plan of one run: names become indices, paths and
// numbers. Pure.
#pragma once

#include "plan/plan.h"
#include "scenario/scenario.h"

namespace rehang {

// Only for scenarios in which check_names and check_values (with_params) found no mistake. Leaves role,
// params and sandbox.visible to the caller.
Plan resolve(const Scenario& scenario);

}  // namespace rehang
