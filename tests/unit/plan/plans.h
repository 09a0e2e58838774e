// Plans from scenario texts, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "plan/make_plan.h"
#include "scenario/parse.h"

namespace rehang::test {

using Lines = std::vector<std::string>;

// `body` is what follows the tables that every scenario has; "probe" is its process. It starts at line 10.
inline Scenario scenario_with(std::string_view body) {
    const std::string head = R"(format = 1
[scenario]
name = "x"
summary = "y"
[expect]
outcome = "hung"
[[process]]
name = "probe"
argv = ["${targets}/probe"]
)";
    auto parsed = parse_scenario(head + std::string(body), "dir/x.toml");
    for (const Diagnostic& diagnostic : parsed.diagnostics) UNSCOPED_INFO(format(diagnostic));
    REQUIRE(parsed.diagnostics.empty());
    return std::move(parsed.scenario);
}

inline std::vector<Plan> plans_of(std::string_view body, Params set = {}) {
    auto made = make_plans(scenario_with(body),
                           {.set = std::move(set), .targets = "/targets", .arm64_root = "/arm64"});
    for (const Diagnostic& diagnostic : made.diagnostics) UNSCOPED_INFO(format(diagnostic));
    REQUIRE(made.diagnostics.empty());
    return std::move(made.plans);
}

inline Plan only_plan(std::string_view body, Params set = {}) {
    auto plans = plans_of(body, std::move(set));
    REQUIRE(plans.size() == 1);
    return std::move(plans.front());
}

inline Lines mistakes_of(std::string_view body, Params set = {}) {
    const auto made = make_plans(scenario_with(body),
                                 {.set = std::move(set), .targets = "/targets", .arm64_root = "/arm64"});
    if (!made.diagnostics.empty()) CHECK(made.plans.empty());
    Lines lines;
    for (const Diagnostic& diagnostic : made.diagnostics) lines.push_back(format(diagnostic));
    return lines;
}

}  // namespace rehang::test
