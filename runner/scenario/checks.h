// What the tables of a scenario must fulfil together. Pure; collects all mistakes. Empty texts were reported
// when they were read.
#pragma once

#include "scenario/problems.h"
#include "scenario/scenario.h"

namespace rehang {

// Spelling of names; names that are defined twice, or used but not defined: points of holds, what a control
// drops, parameters.
void check_names(const Scenario& scenario, Problems& problems);

// Runs of one scenario, before its control: beyond this a matrix is a mistake.
inline constexpr size_t max_matrix_runs = 256;

enum class Stage {
    as_written,   // ${…} still stands in the texts: values that have references can't be judged yet
    with_params,  // parameters are put in: everything is judged
};

// Paths of processes, selectors of threads, events, expectations and folders, each on its own.
void check_values(const Scenario& scenario, Stage stage, Problems& problems);
// Holds that can't ever end, or can't ever hold. See hold_order.h for what is known about the order of
// points.
void check_holds(const Scenario& scenario, Stage stage, Problems& problems);

}  // namespace rehang
