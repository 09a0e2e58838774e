// What /proc does not show of targets, but whoever traces them knows.
#pragma once

#include "diagnose/scope.h"
#include "diagnose/snapshot.h"

namespace rehang {

void add_what_the_runner_knows(Snapshot& snapshot, const Scope& scope);
// After it, and with the memory of now.
void check_spins(Snapshot& snapshot);

}  // namespace rehang
