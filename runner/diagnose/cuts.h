// Snapshots of a tree that nobody stops, compared: who has moved in between.
#pragma once

#include <sys/types.h>

#include <set>

#include "diagnose/census.h"
#include "diagnose/snapshot.h"

namespace rehang {

void mark_moved(Snapshot& snapshot, const Census& before, const Census& after);
void mark_changed(const Snapshot& earlier, Snapshot& snapshot);
bool somebody_asks_again(const Snapshot& snapshot);
bool something_moves(const Snapshot& snapshot);
std::set<pid_t> take_over_threads(Snapshot& snapshot, const Snapshot& last, bool nobody_ran);

}  // namespace rehang
