// Where --json goes: run by run, so that what was found out is kept whatever happens to this process.
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

// The document of docs/report.md. A regular file is a whole document after every run: the document's end is
// written with each one, and overwritten by the next. Elsewhere (stdout, a pipe) the end comes with finish().
class JsonFile {
  public:
    // "-": stdout; "": nowhere. The file is opened before anything runs: a name that can't be written is told
    // at once, not after an hour.
    static Expected<JsonFile> open(const std::string& name);

    // Errors: it can't be written.
    Expected<void> add(const RunReport& run);
    Expected<void> finish(const std::vector<FailedRun>& failures);

  private:
    Expected<void> write(std::string_view text, std::string_view tail);

    std::string name_;
    UniqueFd file_;
    std::optional<off_t> tail_at_;  // of a regular file: where the tail begins
    bool first_ = true;
};

}  // namespace rehang
