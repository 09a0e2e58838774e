#pragma once

#include <string>

#include "campaign/tally.h"

namespace rehang {

// A run of scenarios/libc/x.toml that came out as expected: exited with 0, after 10 ms.
RunReport good_run(const Params& params = {}, Role role = Role::scenario);
// One that hung for a lock, which it should not have.
RunReport bad_run(const Params& params = {}, Role role = Role::scenario);
RunReport unsupported_run();

}  // namespace rehang
