// Tells the results of `rehang run` as they come, and all together at the end.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "cli/commands.h"
#include "report/json.h"
#include "report/text.h"

namespace rehang {

// Where --json or --trace goes. The file is opened before anything runs: a name that can't be written is told at once,
// not after an hour.
class JsonFile {
  public:
    static Expected<JsonFile> open(const std::string& name);  // "-": stdout; "": nowhere
    Expected<void> write(const nlohmann::json& json, int indent);

  private:
    std::string name_;  // of the file, "-", or ""
    UniqueFd fd_;
};

struct OutputOptions {
    TextStyle style;
    bool text = true;    // false: stdout is for JSON
    bool quiet = false;    // only what is not as expected, and the summary
    bool verbose = false;  // every run is told in full
    bool alone = false;  // one file, once: its first run is told in full, no summary is needed
};

class RunOutput {
  public:
    explicit RunOutput(OutputOptions options) : options_(options) {}

    // False: nobody reads it any more.
    bool tell(RunReport report);
    bool tell(FailedRun failed);
    bool tell_summary();
    nlohmann::json json() const;
    const std::vector<RunReport>& runs() const { return runs_; }
    ExitCode exit_code() const { return code_; }

  private:
    std::string text_of(const RunReport& report);

    OutputOptions options_;
    std::vector<RunReport> runs_;
    std::vector<FailedRun> failures_;
    std::set<std::string> told_in_full_;  // what went wrong in the same way twice is told in full once
    ExitCode code_ = ExitCode::as_expected;
};

}  // namespace rehang
