// 32-bit programs, and 64-bit ones that make system calls as those do: nothing escapes, nothing is proven
// that is not understood, and the report says so.
#include <fmt/format.h>

#include <csignal>

#include "catch.h"
#include "command.h"
#include "one_run.h"

namespace rehang::e2e {
namespace {

using Json = nlohmann::json;

// A kernel without CONFIG_IA32_EMULATION runs none of them.
bool must_skip_i386() {
    if (must_skip()) return true;
    if (run_program(REHANG_TEST_PROGRAMS "/int80", {"supported"}).status == 0) return false;
    WARN("skipped: this kernel has no system calls of 32-bit programs");
    return true;
}

bool has_doubt(const Json& run, const std::string& part) {
    for (const std::string text : run["doubts"])
        if (text.contains(part)) return true;
    return false;
}

TEST_CASE("a timer set by a 32-bit system call will end the wait: no hang is proven") {
    if (must_skip_i386()) return;
    for (const std::string way : {"alarm", "timer"}) {
        const Json run = report_of({.argv = program("int80", way), .expect = "outcome = \"signaled\""});
        INFO(way);
        CHECK(run["outcome"] == "signaled");
        CHECK(run["signal"] == SIGALRM);
    }
}

TEST_CASE("a child that a 32-bit system call wants untraced stays traced") {
    if (must_skip_i386()) return;
    const Json run = report_of({.argv = program("int80", "untraced")});
    CHECK(run["exit"] == 0);
    REQUIRE(run["processes"].size() == 2);
    CHECK(run["processes"][1]["path"] == "p/1");
    CHECK(run["processes"][1]["exit"] == 7);
}

TEST_CASE("a wait in a 32-bit system call is not taken for the one of the same number") {
    if (must_skip_i386()) return;
    const Json run = report_of({.argv = program("int80", "child"), .timeout = "1s"});
    CHECK(run["outcome"] == "timeout");
    CHECK(has_doubt(run, "is in a system call as 32-bit programs make it"));
}

TEST_CASE("points at system calls are met in 32-bit ones of the same name") {
    if (must_skip_i386()) return;
    const Json run = report_of({.argv = program("i386", "x"), .rest = R"(
[point.entered]
process = "p"
enter = "syscall:getpid"
[point.left]
process = "p"
leave = "syscall:getpid"
[point.ends]
process = "p"
enter = "syscall:exit"
)"});
    CHECK(run["exit"] == 9);
    for (const Json& point : run["points"]) CHECK_FALSE(point["reached_ms"].is_null());
}

TEST_CASE("a 32-bit program runs, and the report says what is not done for it") {
    if (must_skip_i386()) return;
    const Json run = report_of({.argv = program("i386", "x"), .rest = R"(
[point.entered]
process = "p"
enter = "i386!called"
[point.left]
process = "p"
leave = "i386!called"
[point.executed]
process = "p"
execs = "i386"
)"});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 9);
    CHECK(run["points"][0]["reached_ms"].is_null());
    CHECK(run["points"][1]["reached_ms"].is_null());
    CHECK(has_note(run, "a 32-bit program: points in its functions are not reached"));
}

TEST_CASE("no hang of a 32-bit program is proven: neither its waits nor its loops are understood") {
    if (must_skip_i386()) return;
    const Json waiting = report_of({.argv = program("i386", "wait"), .timeout = "1s"});
    CHECK(waiting["outcome"] == "timeout");
    CHECK(has_doubt(waiting, "is in a system call of a 32-bit program"));
    const Json spinning = report_of({.argv = program("i386", "spin"), .timeout = "1s"});
    CHECK(spinning["outcome"] == "timeout");
    CHECK(has_doubt(spinning, "executes 32-bit code"));
}

}  // namespace
}  // namespace rehang::e2e
