// Targets that take all they can get: processes, memory, space, output.
#include "catch.h"
#include "command.h"
#include "one_run.h"

namespace rehang::e2e {
namespace {

using Json = nlohmann::json;

TEST_CASE("a fork bomb is stopped at its limit, long before the time-out") {
    if (must_skip()) return;
    const Json run = report_of({.argv = shell(":(){ :|:& };:; sleep 1000"), .limits = "pids = 40"});
    CHECK(run["outcome"] == "timeout");
    CHECK(has_note(run, "more than 40 processes and threads: [sandbox] limits.pids"));
}

TEST_CASE("endless output neither fills the memory nor keeps the run from its end") {
    if (must_skip()) return;
    const Json run = report_of({.argv = shell("while :; do echo spam spam spam; done"),
                                .timeout = "300ms",
                                .limits = "output = \"4KiB\""});
    CHECK(run["outcome"] == "timeout");
    CHECK(run["streams"][0]["stdout"].get<std::string>().size() == 4096);
    CHECK(has_note(run, "wrote more than 4KiB"));
}

TEST_CASE("a gigabyte of output is read, and the first part of it kept") {
    if (must_skip()) return;
    const Json run = report_of(
        {.argv = program("hostile", "writes_a_gigabyte"), .timeout = "600s", .limits = "output = \"4KiB\""});
    CHECK(run["exit"] == 7);
    CHECK(run["streams"][0]["stdout"].get<std::string>() == std::string(4096, 'x'));
}

TEST_CASE("a target that takes too much memory is refused it") {
    if (must_skip()) return;
    const Json shell_run =
        report_of({.argv = shell("x=a; while :; do x=$x$x; done"), .limits = "memory = \"128MiB\""});
    CHECK(shell_run["outcome"] == "exited");
    CHECK(shell_run["exit"] == 2);
    const Json run = report_of({.argv = program("hostile", "fills_memory"), .limits = "memory = \"128MiB\""});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 7);
}

TEST_CASE("a target that fills /tmp meets its end") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "fills_tmp"), .timeout = "600s"});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 7);
}

}  // namespace
}  // namespace rehang::e2e
