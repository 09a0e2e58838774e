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
    Params params = {};
    Role role = Role::scenario;
    int repeat = 1;
    Error error;
};

// How much a report was to have when it was begun: one that has less broke off.
struct Intended {
    size_t planned = 0;  // runs
    size_t shard = 1, shards = 1;
};

nlohmann::json to_json(const RunReport& report);
// The inverse; an error names the key that is missing or of the wrong type.
Expected<RunReport> run_from_json(const nlohmann::json& json);
Expected<FailedRun> failure_from_json(const nlohmann::json& json);
// {"format": 1, "rehang": VERSION, "runs": [...]}, and "failures" where there are any.
nlohmann::json document(const std::vector<RunReport>& runs);
nlohmann::json document(const std::vector<RunReport>& runs, const std::vector<FailedRun>& failures);
// The same document as text in pieces: a head, runs, a tail. The head also says what was intended: "planned" and, of
// one of several shards, "shard".
std::string document_head(const Intended& intended);
std::string document_run(const RunReport& run, bool first);
std::string document_tail(const std::vector<FailedRun>& failures);
// As text; bytes of the targets' output that are not UTF-8 become U+FFFD. indent -1: one line.
std::string dump(const nlohmann::json& json, int indent);

}  // namespace rehang
