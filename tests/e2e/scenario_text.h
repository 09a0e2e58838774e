// Scenarios in few words: only what the test is about.
#pragma once

#include <fmt/format.h>

#include <string>

namespace rehang::e2e {

struct ScenarioText {
    std::string name = "x";
    std::string argv = "'/bin/true'";  // of the [[process]] "p", as TOML
    std::string scenario = {};         // more of [scenario]: whole lines
    std::string process = {};          // more of [[process]]
    std::string rest = {};             // whole sections, before [expect]
    std::string expect = "outcome = \"exited\"";
};

inline std::string text_of(const ScenarioText& it) {
    return fmt::format(
        "format = 1\n[scenario]\nname = \"{}\"\nsummary = \"for a test\"\n{}"
        "[[process]]\nname = \"p\"\nargv = [{}]\n{}{}[expect]\n{}\n",
        it.name, it.scenario, it.argv, it.process, it.rest, it.expect);
}

}  // namespace rehang::e2e
