// Targets that want to stay: signals ignored and blocked, descriptors closed, stopped, in the background.
#include "catch.h"
#include "command.h"
#include "one_run.h"

namespace rehang::e2e {
namespace {

using Json = nlohmann::json;

TEST_CASE("a target that ignores signals and closes its output ends with its sandbox") {
    if (must_skip()) return;
    const Json run =
        report_of({.argv = shell("trap '' TERM INT HUP QUIT; exec 0<&- 1>&- 2>&-; while :; do sleep 1; done"),
                   .timeout = "300ms"});
    CHECK(run["outcome"] == "timeout");
    CHECK(run["proven"] == false);
    CHECK_FALSE(run["doubts"].empty());
}

TEST_CASE("a target that blocks and ignores all signals hangs, and ends with its sandbox") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "blocks_all_signals")});
    CHECK(run["outcome"] == "hung");
}

TEST_CASE("a target that closes all its descriptors is followed") {
    if (must_skip()) return;
    const Json run = report_of({.argv = program("hostile", "closes_everything")});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 7);
}

TEST_CASE("a target can't kill the init of its sandbox, nor anything outside") {
    if (must_skip()) return;
    const Json run = report_of({.argv = shell("kill -9 1; kill -9 -1; exit 3")});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 3);
}

TEST_CASE("a target that stops itself hangs: nobody is left to let it continue") {
    if (must_skip()) return;
    const std::string argv =
        GENERATE(as<std::string>(), shell("kill -STOP $$"), program("hostile", "stops_itself"));
    const Json run = report_of({.argv = argv});
    CHECK(run["outcome"] == "hung");
    CHECK(run["proven"] == true);
    CHECK(run["processes"][0]["threads"][0]["waits_for"]["kind"] == "stopped");
}

TEST_CASE("a target that stops itself, with somebody left who may continue it, does not") {
    if (must_skip()) return;
    const Json run =
        report_of({.argv = shell("(while kill -CONT $$; do sleep 0.01; done) & kill -STOP $$; exit 5")});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 5);
}

TEST_CASE("what a target leaves in the background is no reason to go on") {
    if (must_skip()) return;
    const Json run = report_of({.argv = shell("setsid setsid sleep 1000 & exit 0")});
    CHECK(run["outcome"] == "exited");
}

}  // namespace
}  // namespace rehang::e2e
