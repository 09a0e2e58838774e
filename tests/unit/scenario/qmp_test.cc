// [process.qmp]: what arrives in the model, and what is wrong.
#include <chrono>

#include "catch.h"
#include "scenario/references.h"
#include "texts.h"

using namespace rehang;
using namespace rehang::test;
using namespace std::chrono_literals;

namespace {

// The [[process]] "probe" speaks; the rest of its [process.qmp] starts at line 11.
std::string speaking(const std::string& rest) {
    return scenario_with("[process.qmp]\nsocket = \"/tmp/q\"\n" + rest);
}

}  // namespace

TEST_CASE("a process that speaks QMP has a socket, a limit and something to say, in order") {
    const auto parsed = parse_scenario(speaking(R"toml(limit = "3s"
pidfile = "/tmp/${p}"
say = [
    { execute = "a" },
    { execute = "b", arguments = { n = 1, list = ["x", true, 1.5], deep = { "q\"" = "${p}\t\\" } } },
    { execute = "c", expect = [{}, "x"] },
    { execute = "d", error = "CommandNotFound" },
]
[params]
p = "v"
)toml"),
                                       "x.toml");
    for (const Diagnostic& diagnostic : parsed.diagnostics) UNSCOPED_INFO(format(diagnostic));
    REQUIRE(parsed.diagnostics.empty());
    const ProcessDecl& process = parsed.scenario.processes.at(0);
    REQUIRE(process.argv.size() == 1);
    CHECK(process.argv[0].value == "${targets}/qmp_speaker");
    REQUIRE(process.qmp);
    CHECK(process.qmp->socket.value == "/tmp/q");
    CHECK(process.qmp->limit->value == Duration(3s));
    CHECK(process.qmp->pidfile->value == "/tmp/${p}");
    REQUIRE(process.qmp->say.size() == 4);
    CHECK(process.qmp->say[0].execute.value == "a");
    CHECK_FALSE(process.qmp->say[0].arguments);
    CHECK(to_json(*process.qmp->say[1].arguments) ==
          R"({"n":1,"list":["x",true,1.5],"deep":{"q\"":"${p}\u0009\\"}})");
    CHECK(to_json(*process.qmp->say[2].expect) == R"([{},"x"])");
    CHECK(process.qmp->say[3].error->value == "CommandNotFound");
}

TEST_CASE("a process either executes something or speaks") {
    CHECK(mistakes_of(scenario_with("")) ==
          Lines{"x.toml:7:1: error: [[process]] needs \"argv\" or \"qmp\""});
    CHECK(mistakes_with("[process.qmp]\nsocket = \"/tmp/q\"\nsay = [{execute = \"a\"}]\n") ==
          Lines{"x.toml:10:10: error: [[process]] has \"argv\" already; only one of \"argv\", \"qmp\" is "
                "possible"});
}

TEST_CASE("mistakes in what is said") {
    CHECK(mistakes_of(scenario_with("[process.qmp]\n")) ==
          Lines{"x.toml:9:1: error: [process.qmp] needs \"socket\"",
                "x.toml:9:1: error: [process.qmp] needs [[say]]"});
    CHECK(
        mistakes_of(speaking("say = [{exceute = \"a\"}]\n")) ==
        Lines{
            "x.toml:11:9: error: unknown key \"exceute\" in [[process.qmp.say]]; did you mean \"execute\"?"});
    CHECK(mistakes_of(speaking("say = [{execute = \"a\", expect = {}, error = \"b\"}]\n")) ==
          Lines{"x.toml:11:45: error: an answer is either \"expect\" or \"error\", not both"});
    CHECK(mistakes_of(speaking("say = [{execute = \"a\", arguments = 1}]\n")).size() == 1);
    CHECK(mistakes_of(speaking("say = [{execute = \"a\", expect = {at = 1979-05-27, n = nan}}]\n")) ==
          Lines{"x.toml:11:39: error: JSON has no dates\n    write it as text in quotes",
                "x.toml:11:55: error: JSON has no such number"});
    CHECK(mistakes_of(scenario_with("[process.qmp]\nsocket = \"q\"\nsay = [{execute = \"a\"}]\n")) ==
          Lines{"x.toml:10:10: error: \"q\" is no absolute path"});
    CHECK(mistakes_of(scenario_with("[process.qmp]\nsocket = \"/" + std::string(107, 'a') +
                                    "\"\nsay = [{execute = \"a\"}]\n")) ==
          Lines{"x.toml:10:10: error: a socket's path has at most 107 bytes"});
    CHECK(mistakes_of(speaking("pidfile = \"pid\"\nsay = [{execute = \"a\"}]\n")) ==
          Lines{"x.toml:11:11: error: \"pid\" is no absolute path"});
    CHECK(mistakes_of(speaking("say = [{execute = \"a\", expect = {x = [\"${nobody}\"]}}]\n")) ==
          Lines{"x.toml:11:39: error: there is no parameter \"nobody\""});
}
