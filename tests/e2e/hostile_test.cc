// Targets that misbehave: the run ends, says what happened, and nothing stays behind (rehang() waits until
// nobody has its output open).
#include <nlohmann/json.hpp>

#include "catch.h"
#include "command.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

struct Hostile {
    std::string commands;
    std::string timeout = "60s";
    std::string limits = {};
};

Json report_of(const Hostile& hostile) {
    const Folder folder;
    const std::string file = folder.file(
        "hostile.toml", "format = 1\n[scenario]\nname = \"hostile\"\nsummary = \"for a test\"\ntimeout = \"" +
                            hostile.timeout + "\"\n[sandbox]\nlimits = {" + hostile.limits +
                            "}\n[[process]]\nname = \"p\"\nargv = [\"/bin/bash\", \"-c\", '''" +
                            hostile.commands + "''']\n[expect]\noutcome = \"exited\"\n");
    const Finished result = rehang({"run", file, "--json", "-"});
    INFO(result.err);
    REQUIRE_FALSE(result.out.empty());
    return Json::parse(result.out)["runs"][0];
}

std::string first_note(const Json& run) {
    return run["notes"].empty() ? "" : run["notes"][0].get<std::string>();
}

TEST_CASE("a fork bomb is stopped at its limit, long before the time-out") {
    if (must_skip()) return;
    const Json run = report_of({.commands = ":(){ :|:& };:; sleep 1000", .limits = "pids = 40"});
    CHECK(run["outcome"] == "timeout");
    CHECK(first_note(run) == "more than 40 processes and threads: [sandbox] limits.pids");
}

TEST_CASE("endless output neither fills the memory nor keeps the run from its end") {
    if (must_skip()) return;
    const Json run = report_of({.commands = "while :; do echo spam spam spam; done",
                                .timeout = "300ms",
                                .limits = "output = \"4KiB\""});
    CHECK(run["outcome"] == "timeout");
    CHECK(run["streams"][0]["stdout"].get<std::string>().size() == 4096);
    CHECK_THAT(first_note(run), Contains("wrote more than 4KiB"));
}

TEST_CASE("a target that ignores signals and closes all its descriptors ends with its sandbox") {
    if (must_skip()) return;
    const Json run =
        report_of({.commands = "trap '' TERM INT HUP QUIT; exec 0<&- 1>&- 2>&-; while :; do sleep 1; done",
                   .timeout = "300ms"});
    CHECK(run["outcome"] == "timeout");
    CHECK(run["proven"] == false);
    CHECK_FALSE(run["doubts"].empty());
}

TEST_CASE("a target can't kill the init of its sandbox, nor anything outside") {
    if (must_skip()) return;
    const Json run = report_of({.commands = "kill -9 1; kill -9 -1; exit 3"});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 3);
}

TEST_CASE("a target that stops itself hangs: nobody is left to let it continue") {
    if (must_skip()) return;
    const Json run = report_of({.commands = "kill -STOP $$"});
    CHECK(run["outcome"] == "hung");
    CHECK(run["proven"] == true);
    CHECK(run["processes"][0]["threads"][0]["waits_for"]["kind"] == "stopped");
}

TEST_CASE("a target that stops itself, with somebody left who may continue it, does not") {
    if (must_skip()) return;
    const Json run =
        report_of({.commands = "(while kill -CONT $$; do sleep 0.01; done) & kill -STOP $$; exit 5"});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 5);
}

TEST_CASE("what a target leaves in the background is no reason to go on") {
    if (must_skip()) return;
    const Json run = report_of({.commands = "setsid setsid sleep 1000 & exit 0"});
    CHECK(run["outcome"] == "exited");
}

TEST_CASE("a target that takes too much memory is refused it") {
    if (must_skip()) return;
    const Json run =
        report_of({.commands = "x=a; while :; do x=$x$x; done", .limits = "memory = \"128MiB\""});
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 2);
}

}  // namespace
}  // namespace rehang::e2e
