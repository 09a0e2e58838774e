// Tells the results of `rehang run` as they come, and all together at the end.
#pragma once

#include <ctime>
#include <set>
#include <string>
#include <vector>

#include "campaign/junit.h"
#include "campaign/tally.h"
#include "cli/commands.h"
#include "cli/json_file.h"
#include "report/summary.h"
#include "report/text.h"

namespace rehang {

struct OutputOptions {
    TextStyle style;
    bool text = true;        // false: stdout is for JSON
    bool quiet = false;      // only what is not as expected, and the summary
    bool verbose = false;    // every run is told in full
    bool alone = false;      // one file, once: its first run is told in full, no summary is needed
    bool fail_fast = false;  // the first run that is not as expected is enough
    bool github = false;     // annotations and a summary for GitHub's pages
};

// Something for programs goes to stdout, instead of the text.
bool wants_stdout(const Arguments& arguments);
// True on GitHub's runners (GITHUB_ACTIONS).
bool on_github();

// All that a command's options name: opened before anything runs.
struct OutputFiles {
    OutputFile json, trace, junit, markdown;

    static Expected<OutputFiles> open(const Arguments& arguments);
};

class RunOutput {
  public:
    RunOutput(OutputOptions options, OutputFiles files, Intended intended)
        : options_(options),
          json_(std::move(files.json), intended),
          trace_(std::move(files.trace)),
          junit_(std::move(files.junit)),
          markdown_(std::move(files.markdown)) {}

    // False: nobody reads it any more, or the report can't be written, or it is enough: there is no point in
    // going on.
    bool tell(const RunReport& report);
    bool tell(FailedRun failed);
    // The summary, the end of the JSON, and what is written of all runs together.
    bool finish();
    // The run that --fail-fast waits for has come.
    bool enough() const { return options_.fail_fast && code_ != ExitCode::as_expected; }
    const TextStyle& style() const { return options_.style; }
    ExitCode exit_code() const { return code_; }
    // What `git bisect run` is to be told: the bug is what the scenario expects.
    ExitCode for_git() const;

  private:
    std::string text_of(const RunReport& report);
    std::string summary_text() const;
    bool write_all_together();
    JUnitOrigin origin() const;
    bool heard(Expected<void> written);

    OutputOptions options_;
    std::time_t began_ = std::time(nullptr);
    JsonFile json_;
    OutputFile trace_, junit_, markdown_;
    std::vector<RunReport> traced_;  // all runs, where a trace is wanted
    Summary summary_;
    Tallies tallies_;
    size_t told_ = 0;
    std::vector<FailedRun> failures_;
    std::set<std::string> told_in_full_;  // what went wrong in the same way twice is told in full once
    ExitCode code_ = ExitCode::as_expected;
    bool bug_ = false;           // in one of the runs
    bool says_nothing_ = false;  // one of them
};

}  // namespace rehang
