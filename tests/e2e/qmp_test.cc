// A [[process]] that speaks QMP: with a server that answers, with some that don't, and with nobody.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "command.h"
#include "one_run.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

// [[process]] "speaker", saying these lines of `say`.
std::string speaker(const std::string& say, const std::string& limit = "60s") {
    return fmt::format(
        "[[process]]\nname = \"speaker\"\n[process.qmp]\nsocket = \"/tmp/qmp\"\nlimit = \"{}\"\nsay = [{}]\n",
        limit, say);
}

const std::string greet = "{execute = \"qmp_capabilities\"}";
const std::string query = "{execute = \"query-kvm\", expect = {enabled = true}}";
const std::string quit = "{execute = \"quit\"}";

Json said_to(const std::string& server, const std::string& say,
             const std::string& expect = "outcome = \"exited\"") {
    return report_of({.argv = program("qmp_server", server), .rest = speaker(say), .expect = expect});
}

TEST_CASE("what is said by QMP is answered in order, events in between, and stands in the report") {
    if (must_skip()) return;
    const Json run = said_to("answers", greet + "," + query +
                                            ", {execute = \"nonsense\", error = \"CommandNotFound\"}"
                                            ", {execute = \"query-names\", arguments = {all = true}, "
                                            "expect = [{name = \"a\"}, {}]}," +
                                            quit);
    CHECK(run["mismatches"] == Json::array());
    REQUIRE(run["qmp"].size() == 1);
    const Json& qmp = run["qmp"][0];
    CHECK(qmp["process"] == "speaker");
    CHECK(qmp["socket"] == "/tmp/qmp");
    CHECK(qmp["failed"] == "");
    REQUIRE(qmp["exchanges"].size() == 5);
    CHECK(qmp["exchanges"][1] == Json::parse(R"({"said": {"execute": "query-kvm"},
        "got": {"return": {"enabled": true, "present": true}}, "wanted": null})"));
    CHECK(qmp["exchanges"][3]["said"] ==
          Json::parse(R"({"execute": "query-names", "arguments": {"all": true}})"));
}

TEST_CASE("an answer that does not fit is a mismatch, told with both") {
    if (must_skip()) return;
    const Json run =
        said_to("answers", greet + ", {execute = \"query-kvm\", expect = {enabled = false}}," + quit);
    CHECK(run["as_expected"] == false);
    REQUIRE(run["mismatches"].size() == 1);
    CHECK(run["mismatches"][0] ==
          R"(speaker said {"execute":"query-kvm"} and got {"return":{"enabled":true,"present":true}}, )"
          R"(expected {"return":{"enabled":false}})");
    CHECK(run["qmp"][0]["exchanges"][1]["wanted"] == Json::parse(R"({"return": {"enabled": false}})"));
    const Json error = said_to("answers", greet + ", {execute = \"nonsense\"}," + quit);
    CHECK(error["as_expected"] == false);
}

TEST_CASE("a server that never answers is a hang, proven, and the speaker waits for it") {
    if (must_skip()) return;
    const Json run =
        said_to("deaf", greet,
                "outcome = \"hung\"\n[[expect.thread]]\nprocess = \"speaker\"\n"
                "waits = \"socket-read\"\n[[expect.thread]]\nprocess = \"p\"\nwaits = \"pipe-read\"");
    CHECK(run["mismatches"] == Json::array());
    CHECK(run["proven"] == true);
    CHECK(run["qmp"][0]["exchanges"][0]["got"].is_null());
}

TEST_CASE("a server that leaves owes an answer, but not where the program is expected to fail") {
    if (must_skip()) return;
    const Json left = said_to("leaves", greet);
    REQUIRE(left["mismatches"].size() == 1);
    CHECK(left["mismatches"][0] ==
          "speaker got no answer to {\"execute\":\"qmp_capabilities\"}: the other side went "
          "away before it had answered {\"execute\":\"qmp_capabilities\"}");
    CHECK(said_to("silent", greet)["qmp"][0]["failed"] == "the other side went away before it had greeted");
    const Json fails = report_of(
        {.argv = shell("exit 3"), .rest = speaker(greet), .expect = "outcome = \"exited\"\nexit = 3"});
    CHECK(fails["mismatches"] == Json::array());
    CHECK(fails["qmp"][0]["failed"] == "nobody is left who could listen at the socket");
}

TEST_CASE("a socket that never comes is waited for until the limit, which ends the waiting and not the run") {
    if (must_skip()) return;
    // The speaker is the second process of the sandbox.
    const Json run = report_of({.argv = shell("while kill -0 3 2>/dev/null; do sleep 0.01; done; exit 1"),
                                .rest = speaker(greet, "50ms"),
                                .expect = "outcome = \"exited\"\nexit = 1"});
    CHECK(run["mismatches"] == Json::array());
    CHECK_THAT(run["qmp"][0]["failed"].get<std::string>(),
               Contains("nobody listened at the socket within 50 ms"));
}

TEST_CASE("the report's QMP, word for word") {
    if (must_skip()) return;
    const Folder folder;
    const std::string server = folder.path() + "/qmp_server";
    std::filesystem::copy_file(REHANG_TEST_PROGRAMS "/qmp_server", server);
    const Finished result =
        rehang({"run", folder.file("x.toml", text_of({.argv = program("qmp_server", "answers"),
                                                      .rest = speaker(greet + "," + query + "," + quit)}))});
    INFO(result.out);
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("\nQMP\n  speaker speaks with /tmp/qmp\n"
                                    "    qmp_capabilities  {}\n"
                                    "    query-kvm         {\"enabled\":true,\"present\":true}\n"
                                    "    quit              {}\n"));
}

}  // namespace
}  // namespace rehang::e2e
