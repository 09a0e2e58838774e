// Many runs: shards, JUnit, tables, and what joins them.
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

// Exits with the parameter `code`; 0 is expected.
std::string exits(const std::string& name) {
    return text_of({.name = name,
                    .argv = R"("/bin/sh", "-c", "exit ${code}")",
                    .scenario = "[params]\ncode = \"0\"\n",
                    .expect = "outcome = \"exited\"\nexit = 0"});
}

Json json_of(const std::string& file) {
    return Json::parse(read_file(file).value());
}

TEST_CASE("shards together run what one would, and merge gives its report") {
    if (must_skip()) return;
    const Folder folder;
    for (const char* name : {"a", "b", "c"}) folder.file(std::string("s/") + name + ".toml", exits(name));
    const std::string scenarios = folder.path() + "/s";
    std::vector<std::string> merge = {"merge"};
    for (const char* index : {"1", "2"}) {
        const std::string report = folder.path() + "/" + index + ".json";
        const Finished part = rehang({"run", scenarios, "--repeat", "3", "--shard", std::string(index) + "/2",
                                      "--json", report, "--quiet"});
        CHECK(part.status == 0);
        const Json json = json_of(report);
        CHECK(json["runs"].size() == json["planned"]);
        CHECK((json["runs"].size() == 4 || json["runs"].size() == 5));
        merge.push_back(report);
    }
    const std::string all = folder.path() + "/all.json", junit = folder.path() + "/all.xml";
    SECTION("all of them") {
        merge.insert(merge.end(), {"--json", all, "--junit", junit});
        const Finished merged = rehang(merge);
        CHECK(merged.status == 0);
        CHECK_THAT(merged.out,
                   Contains("a code=0  3 of 3 as expected") && Contains("c code=0  3 of 3 as expected"));
        CHECK(json_of(all)["runs"].size() == 9);
        const Finished missing = rehang({"merge", "--missing", merge[1], merge[2]});
        CHECK(missing.status == 0);
        CHECK(missing.out.empty());
        CHECK_THAT(read_file(junit).value(), Contains("tests=\"3\" failures=\"0\""));
    }
    SECTION("one is lost") {
        const Finished merged = rehang({"merge", merge[2]});
        CHECK(merged.status == 3);
        CHECK_THAT(merged.err, Contains("shard 1 of 2 is missing") && Contains("--shard"));
        const Finished missing = rehang({"merge", "--missing", merge[2]});
        CHECK(missing.status == 3);
        CHECK(missing.out == "1\n");
    }
    SECTION("balanced by what runs took before") {
        Json before = json_of(merge[1]);
        for (Json& run : before["runs"]) run["timings_ms"]["total"] = run["scenario"] == "a" ? 9000 : 10;
        const std::string durations = folder.file("before.json", before.dump());
        std::vector<std::string> listed;
        for (const char* index : {"1/2", "2/2"})
            listed.push_back(
                rehang({"run", scenarios, "--list", "--shard", index, "--durations", durations}).out);
        CHECK_THAT(listed[0], Contains("a code=0\n1 run\n"));
        CHECK_THAT(listed[1], Contains("b code=0\nc code=0\n2 runs\n"));
    }
}

TEST_CASE("the option --matrix runs each value, and shows what came out as a table") {
    if (must_skip()) return;
    const Folder folder;
    const std::string markdown = folder.path() + "/t.md";
    const Finished result =
        rehang({"run", folder.file("x.toml", exits("x")), "--matrix", "code=0,4", "--markdown", markdown});
    CHECK(result.status == 1);
    CHECK_THAT(result.out, Contains("  code scenario\n  0    exited with 0\n  4    exited with 4\n"));
    CHECK_THAT(read_file(markdown).value(),
               Contains("| ❌ | x code=4 | 0 of 1 | exited with 4 |") && Contains("| 4 | ❌ exited with 4 |"));
}

TEST_CASE("the option --fail-fast stops at the first run that is not as expected, which the report has") {
    if (must_skip()) return;
    const Folder folder;
    const std::string report = folder.path() + "/r.json";
    const Finished result = rehang({"run", folder.file("x.toml", exits("x")), "--set", "code=1", "--repeat",
                                    "50", "--fail-fast", "--json", report});
    CHECK(result.status == 1);
    CHECK(json_of(report)["runs"].size() == 1);
    CHECK(json_of(report)["planned"] == 50);
}

TEST_CASE("on GitHub's machines what failed is annotated, and the job's page has a summary") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("x.toml", exits("x")), page = folder.file("page.md", "before\n");
    const Finished result = run_program("/usr/bin/env", {"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + page,
                                                         REHANG_PROGRAM, "run", file, "--set", "code=1"});
    CHECK(result.status == 1);
    CHECK_THAT(result.out, Contains("::error file=" + file + ",title=x code=1::"));
    CHECK_THAT(read_file(page).value(), Contains("before\n") && Contains("| ❌ | x code=1 | 0 of 1 |"));
}

TEST_CASE("what can't be is said before anything runs") {
    const Folder folder;
    folder.file("x.toml", exits("x"));
    const std::string file = "x.toml";  // values of GENERATE are made once, a folder for each of them
    struct Misuse {
        std::vector<std::string> words;
        std::string message;
    };
    const auto misuse = GENERATE_COPY(values<Misuse>(
        {{.words = {"--shard", "3/2"}, .message = "--shard wants I/N, not \"3/2\""},
         {.words = {"--matrix", "code"}, .message = "--matrix wants K=A,B,…, not \"code\""},
         {.words = {"--matrix", "code=1,,2"}, .message = "--matrix wants K=A,B,…"},
         {.words = {"--matrix", "cod=1,2"}, .message = "did you mean \"code\"?"},
         {.words = {"--matrix", "code=1", "--set", "code=2"}, .message = "code is given twice"},
         {.words = {"--json", "-", "--junit", "-"}, .message = "can have stdout"},
         {.words = {"--durations", file}, .message = "--durations is only of use with --shard"},
         {.words = {"--shard", "1/2", "--durations", file}, .message = "is no JSON"},
         {.words = {"--shard", "1/2", "--durations", "/no/such"},
          .message = "can't read /no/such: No such file"}}));
    std::vector<std::string> words = {"run", file};
    words.insert(words.end(), misuse.words.begin(), misuse.words.end());
    const Finished result = rehang(words, folder.path());
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK_THAT(result.err, Contains(misuse.message));
}

TEST_CASE("merge refuses what is no report") {
    const Folder folder;
    const Finished result = rehang({"merge", folder.file("x.json", "{}")});
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Contains("x.json is no report of rehang"));
}

}  // namespace
}  // namespace rehang::e2e
