// RunReport <-> JSON with the keys of docs/report.md.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/error.h"
#include "report/run_report.h"

namespace rehang {

nlohmann::json to_json(const RunReport& report);
// The inverse; an error names the key that is missing or of the wrong type.
Expected<RunReport> run_from_json(const nlohmann::json& json);
// {"format": 1, "rehang": VERSION, "runs": [...]}
nlohmann::json document(const std::vector<RunReport>& runs);

}  // namespace rehang
