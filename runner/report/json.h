// RunReport <-> JSON with the keys of docs/report.md.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "report/run_report.h"

namespace rehang {

// A run that gave no report because the runner itself failed.
struct FailedRun {
    std::string file, scenario;
    Role role = Role::scenario;
    int repeat = 1;
    Error error;
};

nlohmann::json to_json(const RunReport& report);
// The inverse; an error names the key that is missing or of the wrong type.
Expected<RunReport> run_from_json(const nlohmann::json& json);
// {"format": 1, "rehang": VERSION, "runs": [...]}, and "failures" where there are any.
nlohmann::json document(const std::vector<RunReport>& runs);
nlohmann::json document(const std::vector<RunReport>& runs, const std::vector<FailedRun>& failures);
// The same document as text in pieces: a head, runs, a tail.
std::string document_head();
std::string document_run(const RunReport& run, bool first);
std::string document_tail(const std::vector<FailedRun>& failures);
// As text; bytes of the targets' output that are not UTF-8 become U+FFFD. indent -1: one line.
std::string dump(const nlohmann::json& json, int indent);

}  // namespace rehang
