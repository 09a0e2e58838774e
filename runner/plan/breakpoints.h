// Hardware breakpoints: a thread has four, one of which watches the loader while modules are still to come.
// Pure.
#pragma once

#include <vector>

#include "plan/plan.h"
#include "scenario/problems.h"

namespace rehang {

// DR0 to DR3, Intel SDM volume 3, "Debug Registers", without the loader's.
inline constexpr size_t breakpoints_for_points = 3;

// Whether a plan needs any: for points at functions, and to see the loader map what holds a fault's function.
bool needs_breakpoints(const Plan& plan);

// Reports each process of which some thread would need more: for its points, and for main one to see it come
// to the program's main() where a fault waits for that.
void check_breakpoints(const Plan& plan, Problems& problems);

}  // namespace rehang
