// What runs of a version say.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bisect/judge_version.h"
#include "bisect/log.h"
#include "cli/commands.h"
#include "replay/job.h"
#include "report/text.h"

namespace rehang {

// What stops a bisect that is under way.
struct Stopped {
    ExitCode code;
};
template <class T>
using OrStopped = std::expected<T, Stopped>;

// A version and the value that the parameter has for it.
struct Candidate {
    std::string name, value;
};

// Runs versions, and prints what they say. Borrows the arguments.
class Oracle {
  public:
    Oracle(const Arguments& arguments, TextStyle style, size_t name_width)
        : arguments_(arguments), style_(style), name_width_(name_width) {}

    // The scenario's first run with this version, whatever it says.
    OrStopped<RunReport> run_once(const Candidate& candidate) const;
    // Runs of these versions until each has its judgement. By name.
    OrStopped<std::map<std::string, VersionRuns>> judge(const std::vector<Candidate>& candidates,
                                                        const Reference& reference) const;
    // A line. False: nobody reads it any more.
    [[nodiscard]] bool tell(const LoggedVersion& version, const std::string& shown, bool from_log) const;

  private:
    using OnRun = std::function<void(const std::string& name, RunReport run)>;
    OrStopped<void> run_all(const std::vector<Candidate>& candidates, const OnRun& on_run) const;
    OrStopped<Job> job_for(const std::string& value) const;

    const Arguments& arguments_;
    TextStyle style_;
    size_t name_width_;
};

}  // namespace rehang
