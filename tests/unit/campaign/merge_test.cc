#include "campaign/merge.h"

#include "catch.h"
#include "example_runs.h"

namespace rehang {
namespace {

using Json = nlohmann::json;
using Catch::Matchers::Contains;

ReportFile shard(size_t index, size_t of, const std::vector<RunReport>& runs, size_t planned) {
    std::string text = document_head({.planned = planned, .shard = index, .shards = of});
    for (size_t i = 0; i < runs.size(); ++i) text += document_run(runs[i], i == 0);
    return {.name = "shard-" + std::to_string(index), .document = Json::parse(text + document_tail({}))};
}

RunReport nth(int repeat, Role role = Role::scenario) {
    RunReport run = good_run({}, role);
    run.repeat = repeat;
    return run;
}

TEST_CASE("merged shards are one report, whatever their order") {
    const auto merged =
        merge({shard(2, 2, {nth(2), nth(1, Role::control)}, 2), shard(1, 2, {nth(1), nth(3)}, 2)});
    REQUIRE(merged);
    CHECK(merged->missing.empty());
    CHECK(merged->document["planned"] == 4);
    CHECK_FALSE(merged->document.contains("shard"));
    std::vector<std::string> runs;
    for (const Json& run : merged->document["runs"])
        runs.push_back(run["role"].get<std::string>() + std::to_string(run["repeat"].get<int>()));
    CHECK(runs == std::vector<std::string>{"scenario1", "scenario2", "scenario3", "control1"});
}

TEST_CASE("a shard that is missing, and one that broke off, are said") {
    const auto merged = merge({shard(1, 3, {nth(1)}, 2), shard(3, 3, {nth(2)}, 1)});
    REQUIRE(merged);
    CHECK(merged->missing ==
          std::vector<std::string>{"shard 2 of 3 is missing", "shard-1 broke off: it has 1 of its 2 runs"});
    CHECK(merged->again == std::set<size_t>{1, 2});
    CHECK(merged->document["planned"] == 3);
    // Whoever merges this one again still sees that something is missing.
    const auto again = merge({{.name = "all.json", .document = merged->document}});
    REQUIRE(again);
    CHECK(again->missing == std::vector<std::string>{"all.json broke off: it has 2 of its 3 runs"});
    CHECK(again->again == std::set<size_t>{1});
}

TEST_CASE("numbers that follow each other are a range") {
    CHECK(ranges_text({}).empty());
    CHECK(ranges_text({4}) == "4");
    CHECK(ranges_text({1, 2}) == "1-2");
    CHECK(ranges_text({2, 5, 6, 7, 9}) == "2,5-7,9");
}

TEST_CASE("runs that failed count as done, and are kept") {
    ReportFile file = shard(1, 1, {nth(1)}, 2);
    file.document["failures"] = {{{"scenario", "x"}}};
    const auto merged = merge({file});
    REQUIRE(merged);
    CHECK(merged->missing.empty());
    CHECK(merged->document["failures"].size() == 1);
}

TEST_CASE("reports that do not belong together are refused") {
    const auto what = [](std::vector<ReportFile> files) {
        const auto merged = merge(std::move(files));
        return merged ? std::string("merged") : merged.error().what;
    };
    CHECK(what({shard(1, 2, {}, 0), shard(1, 2, {}, 0)}) == "shard-1 and shard-1 are both shard 1 of 2");
    CHECK_THAT(what({shard(1, 2, {}, 0), shard(2, 3, {}, 0)}), Contains("one of 3 shards"));
    CHECK(what({{.name = "a", .document = Json::parse("[]")}}) == "a is no report of rehang");
    CHECK(what({{.name = "a", .document = Json::parse(R"({"format": 2, "runs": []})")}}) ==
          "a is no report of rehang");
    CHECK_THAT(what({{.name = "a", .document = Json::parse(R"({"format": 1, "runs": [{"file": 3}]})")}}),
               Contains("no readable file"));
}

}  // namespace
}  // namespace rehang
