// Pid 1 of a sandbox.
#pragma once

#include <vector>

#include "plan/plan.h"
#include "sandbox/launcher.h"
#include "sandbox/sandbox.h"

namespace rehang {

struct InitWork {
    const Plan& plan;
    const std::vector<TargetFilter>& filters;
    int handshake;
    std::vector<LauncherEnds> launchers;  // one for each of the Plan's processes
};

// Sets the namespaces up once the ids are mapped, forks the launchers, then reaps orphans until it is killed:
// by the runner, or by the kernel when the runner's thread ends (PR_SET_PDEATHSIG). It outlives all targets,
// and holds no end of any pipe that somebody reads.
[[noreturn]] void run_init(const InitWork& work);

}  // namespace rehang
