// A Comparison for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "match/compare.h"
#include "report/text.h"

namespace rehang {

std::string render_match(const Comparison& comparison, const Sighting& reproduced, const Sighting& seen,
                         const TextStyle& style);
// The first line only.
std::string match_line(const Comparison& comparison, const Sighting& reproduced, const Sighting& seen,
                       const TextStyle& style);
// Keys: docs/match.md.
nlohmann::json match_json(const Comparison& comparison, const Sighting& reproduced, const Sighting& seen);

}  // namespace rehang
