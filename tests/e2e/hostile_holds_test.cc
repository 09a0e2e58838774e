// Targets that are killed, or execute another program, or end, where a scenario keeps them.
#include <fmt/format.h>

#include "catch.h"
#include "command.h"
#include "one_run.h"

namespace rehang::e2e {
namespace {

using Json = nlohmann::json;

// The child is to stay at `there` for ever; its parent kills it, once it has come there.
std::string killed_there(const std::string& there) {
    return fmt::format(R"(
[point.there]
process = "p/1"
{}
[point.kill]
process = "p"
enter = "syscall:kill"
[point.never]
process = "p/9"
born = true
[[hold]]
at = "kill"
until = "there"
limit = "60s"
[[hold]]
at = "there"
until = "never"
limit = "60s"
)",
                       there);
}

TEST_CASE("a target that is killed while it is held, at each kind of point") {
    if (must_skip()) return;
    const std::string there = GENERATE(as<std::string>(), "born = true", "enter = \"hostile!held_here\"",
                                       "enter = \"syscall:getppid\"", "leave = \"syscall:getppid\"");
    INFO(there);
    const Json run = report_of({.argv = program("hostile", "kills_its_child"),
                                .rest = killed_there(there),
                                .expect = "outcome = \"unmet\""});
    CHECK(run["as_expected"] == true);
    CHECK(run["exit"] == 7);
    REQUIRE(run["unmet"].size() == 1);
    CHECK(run["unmet"][0]["reason"] == "the thread that was held for it was killed");
}

TEST_CASE("a target that is held at its exit can't be killed any more, and its parent waits for it") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "kills_its_child"),
                                .rest = killed_there("exits = true"),
                                .expect = "outcome = \"unmet\""});
    CHECK(run["as_expected"] == true);
    REQUIRE(run["unmet"].size() == 1);
    CHECK(run["unmet"][0]["reason"].get<std::string>().contains("it can't come any more"));
}

TEST_CASE("what is proven not to come any more is not waited for, if the scenario says so") {
    if (must_skip()) return;
    const std::string holds = killed_there("exits = true");
    const std::string last = "until = \"never\"\n";
    REQUIRE(holds.contains(last));
    const auto with = [&](const std::string& key) {
        std::string text = holds;
        return text.insert(text.find(last), key);
    };
    const std::string expected = "outcome = \"exited\"\nexit = 7\nimpossible = [\"there\"]";
    const Json goes_on = report_of({.argv = program("hostile", "kills_its_child"),
                                    .rest = with("if_impossible = \"go-on\"\n"),
                                    .expect = expected});
    CHECK(goes_on["as_expected"] == true);
    CHECK(goes_on["outcome"] == "exited");
    REQUIRE(goes_on["unmet"].size() == 1);
    CHECK(goes_on["unmet"][0]["hold"] == "there");
    CHECK(goes_on["unmet"][0]["impossible"] == true);

    const Json ends = report_of({.argv = program("hostile", "kills_its_child"),
                                 .rest = with("if_impossible = \"unmet\"\n"),
                                 .expect = expected});
    CHECK(ends["as_expected"] == false);
    CHECK(ends["outcome"] == "unmet");
}

TEST_CASE("children whose maker is killed while it makes them are known all the same") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "killed_while_forking")});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 0);
    for (const Json& process : run["processes"]) {
        CHECK_FALSE(process["path"] == "");
        CHECK_FALSE(process["state"] == "running");
    }
}

TEST_CASE("a program that is executed while its main thread is held") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "executes_during_a_hold"),
                                .rest = R"(
[point.there]
process = "p"
thread = "main"
enter = "hostile!held_here"
[point.exec]
process = "p"
thread = "!main"
enter = "syscall:execve"
[point.never]
process = "p/9"
born = true
[[hold]]
at = "exec"
until = "there"
limit = "60s"
[[hold]]
at = "there"
until = "never"
limit = "60s"
)",
                                .expect = "outcome = \"unmet\""});
    CHECK(run["as_expected"] == true);
    CHECK(run["exit"] == 7);
    CHECK(run["processes"][0]["execs"] == 1);
    CHECK(run["unmet"][0]["reason"] == "the thread that was held for it was killed");
}

TEST_CASE("the main thread ends and others live on") {
    if (must_skip()) return;
    const Json ends = report_of({.argv = program("hostile", "main_thread_ends_first")});
    CHECK(ends["outcome"] == "exited");
    CHECK(ends["exit"] == 7);
    const Json hangs = report_of({.argv = program("hostile", "main_thread_ends")});
    CHECK(hangs["outcome"] == "hung");
    CHECK(hangs["proven"] == true);
    CHECK(hangs["processes"][0]["threads"][0]["waits_for"]["kind"] == "exited");
    CHECK(hangs["processes"][0]["threads"][1]["waits_for"]["kind"] == "pipe-read");
}

}  // namespace
}  // namespace rehang::e2e
