#include "campaign/durations.h"

#include <nlohmann/json.hpp>

#include "catch.h"
#include "example_runs.h"

namespace rehang {
namespace {

TEST_CASE("a run takes what it took, else what runs of its scenario took, else what all took") {
    RunReport slow = good_run({{"lib", "a"}});
    slow.timings_ms.total = 30;
    RunReport control = good_run({{"lib", "a"}}, Role::control);
    control.timings_ms.total = 10;
    RunReport other = good_run();
    other.scenario = "y";
    other.timings_ms.total = 80;
    RunReport missing = unsupported_run();
    missing.timings_ms.total = 0;
    const Durations durations(document({slow, control, other, missing}));
    CHECK(durations.expected_ms("x", Role::scenario, {{"lib", "a"}}) == 30);
    CHECK(durations.expected_ms("x", Role::control, {{"lib", "a"}}) == 10);
    CHECK(durations.expected_ms("x", Role::scenario, {{"lib", "b"}}) == 20);
    CHECK(durations.expected_ms("z", Role::scenario, {}) == 40);
}

TEST_CASE("without an earlier report all runs take the same") {
    CHECK(Durations().expected_ms("x", Role::scenario, {}) == Durations().expected_ms("y", Role::control, {}));
    for (const char* text : {"3", "{}", R"({"runs": [3, {"scenario": 4}]})"}) {
        const Durations durations(nlohmann::json::parse(text));
        CHECK(durations.expected_ms("x", Role::scenario, {}) == 1);
    }
}

}  // namespace
}  // namespace rehang
