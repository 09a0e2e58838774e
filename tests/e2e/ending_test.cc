// rehang is interrupted, killed, or loses its reader or a worker: nothing is left, and what was found out is
// told.
#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string quick = text_of({.name = "quick"});

TEST_CASE("Ctrl-C ends everything, and the report so far is written") {
    if (must_skip()) return;
    const Folder folder;
    const std::string json = folder.path() + "/report.json";
    Running run({"run", folder.file("quick.toml", quick), "--repeat", "100000", "--json", json});
    CHECK_THAT(run.read_line(), Contains("quick #1"));
    run.send(SIGINT);
    const Finished result = run.wait();
    CHECK(result.status == 130);
    CHECK_THAT(result.err, Contains("interrupted"));
    const Json report = Json::parse(read_file_or_empty(json));
    CHECK(report["runs"].size() >= 1);
    CHECK(report["runs"].size() < 100000);
}

TEST_CASE("kill -9 leaves nobody who could keep its output open") {
    if (must_skip()) return;
    const Folder folder;
    Running run({"run", folder.file("quick.toml", quick), "--repeat", "100000", "--jobs", "2"});
    run.read_line();
    run.send(SIGKILL);
    CHECK(run.wait().status == 128 + SIGKILL);  // returns only when its workers have ended, too
}

TEST_CASE("kill -9 leaves a report of the runs that were told") {
    if (must_skip()) return;
    const Folder folder;
    const std::string json = folder.path() + "/report.json";
    Running run({"run", folder.file("quick.toml", quick), "--repeat", "100000", "--json", json});
    run.read_line();
    run.read_line();
    run.send(SIGKILL);
    run.wait();
    const Json report = Json::parse(read_file_or_empty(json));
    CHECK(report["runs"].size() >= 1);  // the second line may have come before its run was written
    CHECK(report["runs"][0]["outcome"] == "exited");
}

TEST_CASE("a report that can't be written ends the work, and is a failure") {
    if (must_skip()) return;
    const Folder folder;
    const Finished result =
        rehang({"run", folder.file("quick.toml", quick), "--repeat", "100000", "--json", "/dev/full"});
    CHECK(result.status == 3);
    CHECK_THAT(result.err, Contains("can't write to /dev/full: No space left on device"));
}

TEST_CASE("a reader that goes ends the work quietly") {
    if (must_skip()) return;
    const Folder folder;
    Running run({"run", folder.file("quick.toml", quick), "--repeat", "100000"});
    run.read_line();
    run.close_stdout();
    const Finished result = run.wait();
    CHECK(result.status == 128 + SIGPIPE);
    CHECK(result.err.empty());
}

TEST_CASE("a worker that dies costs one run") {
    if (must_skip()) return;
    const Folder folder;
    const std::string json = folder.path() + "/report.json";
    const SanitizerOptions dies_by_it("handle_segv=0");
    Running run({"run", folder.file("quick.toml", quick), "--repeat", "100", "--json", json});
    run.read_line();
    const auto workers = run.children();
    REQUIRE(workers.size() == 1);
    REQUIRE(::kill(workers.front(), SIGSEGV) == 0);
    const Finished result = run.wait();
    CHECK(result.status == 3);
    CHECK_THAT(result.err, Contains("the runner's worker died: SIGSEGV"));
    const Json report = Json::parse(read_file_or_empty(json));
    CHECK(report["runs"].size() == 99);
    REQUIRE(report["failures"].size() == 1);
    CHECK_THAT(report["failures"][0]["error"].get<std::string>(), Contains("SIGSEGV"));
}

}  // namespace
}  // namespace rehang::e2e
