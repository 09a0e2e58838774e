// One run from Plan to RunReport: sandbox, supervision, proof, explanation, tear-down.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "elf/symbols.h"
#include "plan/plan.h"
#include "report/run_report.h"

namespace rehang {

struct RunOptions {
    int repeat = 1;       // counts from 1; only for the report
    std::string keep;     // a folder that will hold the private folders' content and the targets' output; ""
                          // keeps nothing
    bool events = false;  // the report has what happened when
    // Called when a run is decided in which targets are left (hung, unmet, timeout), with the report. They
    // are as they were then, and traced by nobody: what is not proven to be stuck has got SIGSTOP. They are
    // ended when this returns.
    std::function<void(RunReport& report)> on_standing;
};

// Owns this process's children and tracees while it runs (waitpid(-1)): call it in a process of its own
// (replay/worker.h), from its only thread. Needs that the host allows sandboxes give Outcome::unsupported;
// errors are failures of the runner itself. `files` keeps symbol tables from run to run.
Expected<RunReport> run_once(const Plan& plan, elf::Files& files, const RunOptions& options);

}  // namespace rehang
