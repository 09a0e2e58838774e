// Tells the results of `rehang run` as they come, and all together at the end.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/json_file.h"
#include "report/summary.h"
#include "report/text.h"

namespace rehang {

struct OutputOptions {
    TextStyle style;
    bool text = true;      // false: stdout is for JSON
    bool quiet = false;    // only what is not as expected, and the summary
    bool verbose = false;  // every run is told in full
    bool alone = false;    // one file, once: its first run is told in full, no summary is needed
};

class RunOutput {
  public:
    RunOutput(OutputOptions options, OutputFile json, OutputFile trace)
        : options_(options), json_(std::move(json)), trace_(std::move(trace)) {}

    // False: nobody reads it any more, or the report can't be written: there is no point in going on.
    bool tell(const RunReport& report);
    bool tell(FailedRun failed);
    // The summary, the end of the JSON, and the trace.
    bool finish();
    const TextStyle& style() const { return options_.style; }
    ExitCode exit_code() const { return code_; }

  private:
    std::string text_of(const RunReport& report);
    bool heard(Expected<void> written);

    OutputOptions options_;
    JsonFile json_;
    OutputFile trace_;
    std::vector<RunReport> traced_;  // all runs, where a trace is wanted
    Summary summary_;
    size_t told_ = 0;
    std::vector<FailedRun> failures_;
    std::set<std::string> told_in_full_;  // what went wrong in the same way twice is told in full once
    ExitCode code_ = ExitCode::as_expected;
};

}  // namespace rehang
