// Files that --json and --trace name. The report goes there run by run, so that what was found out is kept
// whatever happens to this process.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "report/json.h"

namespace rehang {

// Opened before anything runs: a name that can't be written is told at once, not after an hour.
class OutputFile {
  public:
    static Expected<OutputFile> open(const std::string& name);  // "-": stdout; "": nowhere

    bool wanted() const { return static_cast<bool>(file_); }
    // The text, and behind it a tail that the next write overwrites; elsewhere than in regular files without
    // it.
    Expected<void> write(std::string_view text, std::string_view tail = {});

  private:
    std::string name_;
    UniqueFd file_;
    std::optional<off_t> tail_at_;  // of a regular file: where the tail begins
};

// The document of docs/report.md. A regular file is a whole document after every run: the document's end is
// written with each one, and overwritten by the next. Elsewhere (stdout, a pipe) the end comes with finish().
class JsonFile {
  public:
    explicit JsonFile(OutputFile file, Intended intended = {}) : file_(std::move(file)), intended_(intended) {}

    // Errors: it can't be written.
    Expected<void> add(const RunReport& run);
    Expected<void> finish(const std::vector<FailedRun>& failures);

  private:
    OutputFile file_;
    Intended intended_;
    bool first_ = true;
};

}  // namespace rehang
