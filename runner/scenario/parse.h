// TOML text to Scenario. Reads no other file and asks the host nothing.
#pragma once

#include <string>
#include <string_view>

#include "scenario/diagnostic.h"
#include "scenario/scenario.h"

namespace rehang {

struct ParsedScenario {
    Scenario scenario;        // as far as it could be read; complete when there are no errors
    Diagnostics diagnostics;  // all of them, sorted by place
};

// `file` is only for messages. Finds what the text alone shows: syntax, unknown and missing keys, wrong types
// and values, names that are not defined or defined twice, holds that wait for each other in a circle, points
// in processes that can't exist.
ParsedScenario parse_scenario(std::string_view text, std::string file);

// The same for a file; a file that can't be read, is too large or is not text is one diagnostic
// (read_text.h).
ParsedScenario load_scenario(const std::string& file);

}  // namespace rehang
