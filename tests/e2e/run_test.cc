#include <nlohmann/json.hpp>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

std::string scenario(const std::string& name, const std::string& program, const std::string& outcome,
                     const std::string& more = "") {
    return text_of(
        {.name = name, .argv = program, .scenario = more, .expect = "outcome = \"" + outcome + "\""});
}

const std::string prints = R"("/bin/sh", "-c", "echo hello; exit 3")";

TEST_CASE("a program that ends: its exit status and output are in the report") {
    if (must_skip()) return;
    const Folder folder;
    const Finished result =
        rehang({"run", folder.file("x.toml", scenario("x", prints, "exited")), "--json", "-"});
    CHECK(result.status == 0);
    const Json report = Json::parse(result.out);
    CHECK(report["format"] == 1);
    REQUIRE(report["runs"].size() == 1);
    const Json& run = report["runs"][0];
    for (const char* key :
         {"role", "repeat", "scenario", "params", "outcome", "cause", "proven", "as_expected", "mismatches",
          "points", "faults", "processes", "graph", "explanation", "timings_ms", "host", "signature"})
        CHECK(run.contains(key));
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 3);
    CHECK(run["streams"][0]["stdout"] == "hello\n");
}

TEST_CASE("another outcome than expected is exit status 1, and is explained") {
    if (must_skip()) return;
    const Folder folder;
    const Finished result = rehang({"run", folder.file("x.toml", scenario("x", prints, "signaled"))});
    CHECK(result.status == 1);
    CHECK_THAT(result.out, Contains("✗ x  exited with 3") &&
                               Contains("expected outcome signaled, but it is exited with 3") &&
                               Contains("hello"));
    CHECK(result.out.find('\x1b') == std::string::npos);
}

TEST_CASE(
    "what the host lacks is exit status 125, with the way to get it; something that differs goes before it") {
    if (must_skip()) return;
    const Folder folder;
    const auto lacking =
        folder.file("lacking.toml",
                    scenario("lacking", prints, "exited", "needs = [\"program:no-such-program-here\"]\n"));
    const Finished alone = rehang({"run", lacking});
    CHECK(alone.status == 125);
    CHECK_THAT(alone.out, Contains("unsupported") && Contains("no-such-program-here"));
    folder.file("differs.toml", scenario("differs", prints, "signaled"));
    CHECK(rehang({"run", folder.path()}).status == 1);
}

TEST_CASE("a program that ends before its point: unmet, which counts as not as expected") {
    if (must_skip()) return;
    const Folder folder;
    const std::string text = scenario("early", prints, "exited") + R"([point.never]
process = "p/1"
born = true
[point.start]
process = "p"
enter = "syscall:exit_group"
[[hold]]
at = "start"
until = "never"
limit = "100ms"
)";
    const Finished result = rehang({"run", folder.file("x.toml", text)});
    CHECK(result.status == 1);
    CHECK_THAT(result.out, Contains("unmet") && Contains("never"));
}

TEST_CASE("a program that is not there") {
    if (must_skip()) return;
    const Folder folder;
    const Finished result =
        rehang({"run", folder.file("x.toml", scenario("x", "\"/no/such/program\"", "exited"))});
    CHECK(result.status != 0);
    CHECK_THAT(result.out + result.err, Contains("/no/such/program"));
}

TEST_CASE("repetitions are told in order and compared") {
    if (must_skip()) return;
    const Folder folder;
    const auto file = folder.file("x.toml", scenario("x", prints, "exited"));
    const Finished result = rehang({"run", file, "--repeat", "12", "--jobs", "3"});
    CHECK(result.status == 0);
    size_t at = 0;
    for (int i = 1; i <= 12; ++i) {
        at = result.out.find("✓ x #" + std::to_string(i) + " ", at);
        REQUIRE(at != std::string::npos);
    }
    CHECK_THAT(result.out, Contains("12 of 12 as expected, identical (signature, pids, points)"));
}

TEST_CASE("the option --quiet says nothing about what is as expected") {
    if (must_skip()) return;
    const Folder folder;
    const Finished result =
        rehang({"run", "--quiet", folder.file("x.toml", scenario("x", prints, "exited"))});
    CHECK(result.status == 0);
    CHECK(result.out.empty());
    CHECK(result.err.empty());
}

TEST_CASE("the option --set changes a parameter, --json writes a file over an older, longer one") {
    if (must_skip()) return;
    const Folder folder;
    const auto file = folder.file(
        "x.toml", scenario("x", R"("/bin/echo", "${word}")", "exited") + "[params]\nword = \"one\"\n");
    const auto json = folder.file("report.json", std::string(100'000, 'x'));
    CHECK(rehang({"run", file, "--set", "word=two", "--json", json}).status == 0);
    const Json run = Json::parse(read_file_or_empty(json))["runs"][0];
    CHECK(run["params"]["word"] == "two");
    CHECK(run["streams"][0]["stdout"] == "two\n");
}

TEST_CASE("the option --keep keeps what the targets wrote") {
    if (must_skip()) return;
    const Folder folder;
    const auto file =
        folder.file("x.toml", scenario("x", R"("/bin/sh", "-c", "echo in > /tmp/file; echo out")", "exited"));
    CHECK(rehang({"run", file, "--keep"}, folder.path()).status == 0);
    const std::string kept = folder.path() + "/rehang-kept/x-scenario-1";
    CHECK(read_file_or_empty(kept + "/p.stdout") == "out\n");
    CHECK(read_file_or_empty(kept + "/files/tmp/file") == "in\n");
}

}  // namespace
}  // namespace rehang::e2e
