// --keep: a worker that stays with the targets of its last run.
#pragma once

#include <chrono>

#include "report/run_report.h"

namespace rehang {

inline constexpr auto keeper_limit = std::chrono::hours(1);

// Leaves the command that started this process. Until this returns, the command's end is the end of this
// process, and so of its targets; afterwards it may end, and nothing of it stays open in 0, 1 and 2.
void leave_the_command();

// Waits until the targets that the report has running have all ended, or keeper_limit has passed. SIGTERM
// ends this process, and so the sandbox. The sandbox must be alive, and its targets not traced.
void keep_alive(const RunReport& report);

}  // namespace rehang
