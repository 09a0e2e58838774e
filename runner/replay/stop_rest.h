// --keep: those whom nobody could stop in time.
#pragma once

#include <sys/types.h>

#include <set>

namespace rehang {

// Below a sandbox's init that nobody traces any more: every process but those in `but_not` is stopped, again
// and again until none runs. One that was forked while its maker was stopped has not got the maker's SIGSTOP.
// Takes a second at most.
void stop_rest(pid_t init, const std::set<pid_t>& but_not);

}  // namespace rehang
