// What is made of what was said by QMP.
#include "report/conversation.h"

#include "catch.h"

namespace rehang {
namespace {

PlannedProcess speaker(std::vector<PlannedQmpCommand> say) {
    PlannedProcess process;
    process.name = "speaker";
    process.qmp = PlannedQmp{.socket = "/tmp/q", .say = std::move(say)};
    return process;
}

PlannedQmpCommand command(std::optional<std::string> expect = {}, std::optional<std::string> error = {}) {
    return {.command = R"({"execute":"a"})", .expect = std::move(expect), .error = std::move(error)};
}

// What the answer should have been; empty: it fits.
std::string wanted(const PlannedQmpCommand& said, std::string_view answer) {
    return read_conversation(speaker({said}), answer).exchanges.at(0).wanted;
}

TEST_CASE("what is expected has to be a part of what is returned") {
    CHECK(wanted(command(), R"({"return": {"x": 1}})").empty());
    CHECK(wanted(command("{}"), R"({"return": {"x": 1}})").empty());
    CHECK(wanted(command(R"({"x":1})"), R"({"return": {"x": 1, "y": {}}})").empty());
    CHECK(wanted(command(R"({"x":{"z":"a"}})"), R"({"return": {"x": {"y": 0, "z": "a"}}})").empty());
    CHECK(wanted(command(R"([{"n":1},{}])"), R"({"return": [{"n": 1, "m": 2}, {"n": 3}]})").empty());
    CHECK(wanted(command(R"({"x":1})"), R"({"return": {"x": 2}})") == R"({"return":{"x":1}})");
    CHECK(wanted(command(R"({"x":1})"), R"({"return": {}})") == R"({"return":{"x":1}})");
    CHECK(wanted(command(R"({"x":{}})"), R"({"return": {"x": 2}})") == R"({"return":{"x":{}}})");
    CHECK_FALSE(wanted(command(R"([{}])"), R"({"return": [1]})").empty());
    CHECK_FALSE(wanted(command(R"([{}])"), R"({"return": [{}, {}]})").empty());
    CHECK_FALSE(wanted(command(R"({"x":true})"), R"({"return": {"x": "true"}})").empty());
}

TEST_CASE("an error is wrong unless its class is expected") {
    const std::string_view error = R"({"error": {"class": "GenericError", "desc": "no"}})";
    CHECK(wanted(command({}, "GenericError"), error).empty());
    CHECK(wanted(command({}, "CommandNotFound"), error) == R"({"error":{"class":"CommandNotFound"}})");
    CHECK(wanted(command({}, "GenericError"), R"({"return": {}})") ==
          R"({"error":{"class":"GenericError"}})");
    CHECK(wanted(command(), error) == R"({"return":{}})");
    CHECK(wanted(command("{}"), error) == R"({"return":{}})");
}

TEST_CASE("greetings, events, broken lines and more answers than commands are passed over") {
    const QmpReport report =
        read_conversation(speaker({command(), command()}),
                          "{\"QMP\": {}}\nnonsense\n[1]\n\n{\"event\": \"STOP\"}\n{\"return\": "
                          "1}\n{\"return\": 2}\n{\"return\": 3}\n{\"ret");
    REQUIRE(report.exchanges.size() == 2);
    CHECK(report.exchanges[0].got == "{\"return\":1}");
    CHECK(report.exchanges[1].got == "{\"return\":2}");
    CHECK(report.failed.empty());
}

TEST_CASE("what was not said is there without an answer, and why") {
    const QmpReport report = read_conversation(speaker({command(), command()}),
                                               "{\"return\": {}}\n{\"failed\": \"it went away\"}\n");
    CHECK(report.process == "speaker");
    CHECK(report.socket == "/tmp/q");
    CHECK(report.exchanges.at(0).got == "{\"return\":{}}");
    CHECK(report.exchanges.at(1).got.empty());
    CHECK(report.failed == "it went away");
    CHECK(read_conversation(speaker({command()}), "{\"failed\": 1}").failed.empty());
}

TEST_CASE("only a program that is expected to end well has to answer everything") {
    RunReport report;
    report.outcome = Outcome::exited;
    report.exit = 0;
    report.qmp = {read_conversation(speaker({command()}), "{\"failed\": \"it went away\"}\n")};
    Plan plan;
    plan.expect.outcome = Outcome::exited;
    judge(report, plan);
    CHECK(report.mismatches ==
          std::vector<std::string>{"speaker got no answer to {\"execute\":\"a\"}: it went away"});
    plan.expect.exit = 1;
    report.exit = 1;
    judge(report, plan);
    CHECK(report.as_expected);
    plan.expect = {};
    plan.expect.outcome = Outcome::signaled;
    report.outcome = Outcome::signaled;
    judge(report, plan);
    CHECK(report.as_expected);
    report.qmp = {read_conversation(speaker({command("1")}), "{\"return\": 2}\n")};
    judge(report, plan);
    CHECK(report.mismatches == std::vector<std::string>{"speaker said {\"execute\":\"a\"} and got "
                                                        "{\"return\":2}, expected {\"return\":1}"});
}

}  // namespace
}  // namespace rehang
