// Threads that use the processor for ever: proven where their state repeats and nobody is left to change it,
// and never where it is not known.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "command.h"
#include "one_run.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

Json run_spinner(const std::string& mode, const std::string& timeout) {
    const Folder folder;
    const std::string file =
        folder.file("spinner.toml", text_of({.name = "spinner",
                                             .argv = fmt::format("\"{}\", \"{}\"", REHANG_SPINNER, mode),
                                             .scenario = "timeout = \"" + timeout + "\"\n"}));
    const Finished result = rehang({"run", file, "--json", "-"});
    INFO(result.err);
    REQUIRE_FALSE(result.out.empty());
    return Json::parse(result.out)["runs"][0];
}

std::string all(const Json& sentences) {
    std::string text;
    for (const Json& sentence : sentences) text += sentence.get<std::string>() + "\n";
    return text;
}

TEST_CASE("a thread whose state repeats is proven to spin for ever") {
    if (must_skip()) return;
    struct Example {
        const char *mode, *told;
    };
    const auto example =
        GENERATE(Example{"thread", "spins in spinner!wait_for_flag, reading spinner!flag (0x"},
                 Example{"nap", "with clock_nanosleep, reading spinner!flag (0x"},
                 Example{"nothing", "that reads nothing that could change"});
    const Json run = run_spinner(example.mode, "60s");
    INFO(example.mode << "\n" << all(run["doubts"]));
    CHECK(run["outcome"] == "hung");
    CHECK(run["cause"] == "spin");
    CHECK(run["proven"] == true);
    CHECK_THAT(all(run["explanation"]), Contains(example.told));
}

TEST_CASE(
    "a loop around a system call that always fails by a fault spins for ever, one that fails often does "
    "not") {
    if (must_skip()) return;
    const auto run_with = [](const std::string& fault) {
        return report_of(
            {.argv = "'" REHANG_SPINNER "', 'retry'",
             .rest = "[[fault]]\nname = 'f'\nprocess = 'p'\nsyscall = 'unlink'\nerrno = 'EINTR'\n" + fault});
    };
    SECTION("always") {
        const Json run = run_with("in_kernel = true");
        INFO(all(run["doubts"]));
        CHECK(run["outcome"] == "hung");
        CHECK(run["cause"] == "spin");
        CHECK_THAT(
            all(run["explanation"]),
            Contains("spins in spinner!retry with unlink, which a fault answers each time in the same way"));
    }
    SECTION("often") {
        const Json run = run_with("times = 3000");
        CHECK(run["outcome"] == "exited");
        CHECK(run["exit"] == 0);
    }
}

TEST_CASE("a spinning thread that somebody will set free is never called hung") {
    if (must_skip()) return;
    const std::string mode = GENERATE("told", "signal", "polite");
    const bool ends_by_luck = mode == "polite";  // two that let each other go first may do so for a minute
    const Json run = run_spinner(mode, ends_by_luck ? "10s" : "60s");
    INFO(mode << "\n" << all(run["explanation"]));
    CHECK(run["outcome"] != "hung");
    if (ends_by_luck && run["outcome"] == "timeout") return;
    CHECK(run["outcome"] == "exited");
    CHECK(run["exit"] == 0);
}

TEST_CASE("where a spinning thread can't be proven to spin for ever, the report says why") {
    if (must_skip()) return;
    struct Example {
        const char *mode, *doubt;
    };
    const auto example = GENERATE(Example{"count", "goes round in a loop that changes memory at 0x"},
                                  Example{"clock", "reads the clock"},
                                  Example{"wander", "instructions without repeating a state"},
                                  Example{"alarm", "a timer of p may send it a signal"},
                                  Example{"timer", "a timer or a limit for its use of the processor"});
    const Json run = run_spinner(example.mode, "2s");
    INFO(example.mode << "\n" << all(run["explanation"]));
    CHECK(run["outcome"] == "timeout");
    CHECK(run["proven"] == false);
    CHECK_THAT(all(run["doubts"]), Contains(example.doubt));
}

}  // namespace
}  // namespace rehang::e2e
