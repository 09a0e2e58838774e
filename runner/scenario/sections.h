// The tables of a scenario file, read into the model. What each value means together with others is judged
// later (checks.h).
#pragma once

#include "scenario/fields.h"
#include "scenario/problems.h"
#include "scenario/scenario.h"

namespace rehang {

// [scenario], [params], [matrix], [sandbox], [[process]]
void read_setup(Fields& root, Scenario& scenario, Problems& problems);
// [process.qmp]
QmpDecl read_qmp(Fields& fields, Problems& problems);
// [point.NAME], [[hold]], [fork_order]
void read_timing(Fields& root, Scenario& scenario, Problems& problems);
// [[fault]], [[fake]]
void read_faults(Fields& root, Scenario& scenario, Problems& problems);
// [expect], [control]
void read_expectations(Fields& root, Scenario& scenario);

}  // namespace rehang
