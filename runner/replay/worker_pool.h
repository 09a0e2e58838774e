// Many runs, several at a time, each in a worker process (worker.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "replay/job.h"

namespace rehang {

// What is to be done with targets that stand still (Job::stand).
struct OnStanding {
    std::vector<std::string> run;  // a program and its arguments, in the foreground; nothing if empty
    bool leave = false;            // afterwards leave the targets alive, up to 8 times
};

struct PoolOptions {
    unsigned workers = 1;  // that many runs at a time
    // Called in the order of the jobs, each job once. False: nobody wants to hear more, stop.
    std::function<bool(size_t job, Expected<RunReport> result)> on_result;
    // A run of a job stands still.
    std::function<OnStanding(size_t job, const RunReport& report)> on_standing;
    std::function<void(size_t done)> on_tick;  // some times a second, for a progress line
};

enum class PoolEnd {
    complete,     // every job has its result
    stopped,      // on_result said so
    interrupted,  // SIGINT (unless a program runs in the foreground, which gets it as well), SIGTERM or
                  // SIGHUP came; results that were complete have been told
};

// Runs on the caller's thread and returns when no worker is left; whatever ran in them has ended, too. A
// worker that dies gives its job a failure that says how, and is replaced. Error: workers can't be started at
// all.
Expected<PoolEnd> run_jobs(const std::vector<Job>& jobs, const PoolOptions& options);

}  // namespace rehang
