// The process that becomes a target: from its fork to its execve.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "plan/plan.h"
#include "sandbox/sandbox.h"

namespace rehang {

// A launcher's ends of what LaunchedProcess has the other ends of. Borrowed numbers of the runner's, copied
// by the forks.
struct LauncherEnds {
    int launch_read = -1;
    int exec_error_write = -1;
    int stdout_write = -1;
    int stderr_write = -1;
};

struct LauncherWork {
    const PlannedProcess& process;
    std::uint32_t index;  // of the process in the Plan
    const PlannedSandbox& limits;
    const TargetFilter& filter;
    LauncherEnds ends;
    int handshake;
};

// Prepares everything but the filter, says that it is ready, blocks until the launch byte comes, then
// executes the program. What fails before is reported through the handshake, what fails afterwards as an
// errno value through exec_error; either way with exit code 127.
[[noreturn]] void run_launcher(const LauncherWork& work);

}  // namespace rehang
