// Hand-made reports that look like the flagship scenario's.
#pragma once

#include "report/run_report.h"

namespace rehang {

// probe (reads a pipe) -> probe/1 (zombie) -> probe/1/1 (two threads on an inherited lock), as expected,
// proven.
RunReport inherited_lock_hang();
// Its control: exited with 0, nobody left.
RunReport good_control();
// What the scenario of inherited_lock_hang() expects.
Plan plan_of_hang();

}  // namespace rehang
