// Scenario texts for tests: a right one, and variations of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenario/parse.h"

namespace rehang::test {

// Right, with `rest` behind it. The rest starts at line 9.
inline std::string scenario_with(std::string_view rest) {
    return R"(format = 1
[scenario]
name = "x"
summary = "y"
[expect]
outcome = "exited"
[[process]]
name = "probe"
)" + std::string(rest);
}

inline std::vector<std::string> mistakes_of(std::string_view text) {
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : parse_scenario(text, "x.toml").diagnostics)
        lines.push_back(format(diagnostic));
    return lines;
}

// Of a right scenario with `rest` added at line 10, behind the argv of its process.
inline std::vector<std::string> mistakes_with(std::string_view rest) {
    return mistakes_of(scenario_with("argv = [\"a\"]\n" + std::string(rest)));
}

using Lines = std::vector<std::string>;

}  // namespace rehang::test
