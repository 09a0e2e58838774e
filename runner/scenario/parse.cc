#include "scenario/parse.h"

#include <fmt/format.h>

#include "scenario/checks.h"
#include "scenario/problems.h"
#include "scenario/sections.h"
#include "scenario/toml_tree.h"

namespace rehang {
namespace {

constexpr std::int64_t understood_format = 1;

std::string folder_of(const std::string& file) {
    const size_t slash = file.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : file.substr(0, slash);
}

// Files of another format are not judged any further: their keys may mean something else.
bool is_understood_format(const TomlTable& table, Problems& problems) {
    const std::string hint =
        fmt::format("this version of rehang understands \"format = {}\"", understood_format);
    for (const auto& [key, key_at, node] : table) {
        if (key != "format") continue;
        const auto* number = std::get_if<std::int64_t>(&node.value);
        if (number && *number == understood_format) return true;
        problems.error(node.at, "unknown format of a scenario file", hint);
        return false;
    }
    problems.error({.line = 1, .column = 1},
                   fmt::format("the file must start with \"format = {}\"", understood_format), hint);
    return true;
}

void read_sections(Fields& root, Scenario& scenario, Problems& problems) {
    root.allow({"format"});
    read_setup(root, scenario, problems);
    read_timing(root, scenario, problems);
    read_faults(root, scenario, problems);
    read_expectations(root, scenario);
}

}  // namespace

ParsedScenario parse_scenario(std::string_view text, std::string file) {
    Problems problems(file);
    Scenario scenario;
    scenario.folder = folder_of(file);
    scenario.file = std::move(file);
    if (const auto table = parse_toml(text); !table) {
        problems.error(table.error().at, table.error().message);
    } else if (is_understood_format(*table, problems)) {
        constexpr Span start = {.line = 1, .column = 1};
        Fields::read(*table, start, "", problems,
                     [&](Fields& root) { read_sections(root, scenario, problems); });
        check_names(scenario, problems);
        check_values(scenario, Stage::as_written, problems);
        check_holds(scenario, Stage::as_written, problems);
    }
    return {.scenario = std::move(scenario), .diagnostics = std::move(problems).take()};
}

}  // namespace rehang
