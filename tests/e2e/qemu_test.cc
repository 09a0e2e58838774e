// The scenarios with the host's QEMU and libvirt's probe of it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "catalogue_files.h"
#include "catch.h"
#include "command.h"
#include "one_run.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string qemu = "program:qemu-system-x86_64";

std::vector<std::string> qemu_scenarios() {
    auto files = scenarios_with('"' + qemu + '"');
    std::erase_if(files, [](const std::string& file) { return !file.contains("/qemu/"); });
    return files;
}

TEST_CASE("QEMU's fork into the background: each scenario and its control come out as expected, both times") {
    if (must_skip() || lacks({qemu})) return;
    const Finished result = rehang(with_files({"run", "--repeat", "2", "--json", "-"}, qemu_scenarios()));
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    const Json report = Json::parse(result.out);
    CHECK(report["runs"].size() >= 2 * 2 * 6);  // each scenario with its control
    for (const Json& run : report["runs"]) {
        INFO(run["scenario"] << " " << run["role"] << " #" << run["repeat"]);
        CHECK(run["as_expected"] == true);
        CHECK(run["proven"] == (run["outcome"] == "hung"));
    }
}

TEST_CASE(
    "the daemon of a QEMU with tcmalloc: both of its threads wait for the lock that the lost thread held") {
    if (must_skip() || lacks({qemu, "file:libtcmalloc.so.4"})) return;
    const Finished result =
        rehang({"run", "--json", "-", REHANG_SCENARIOS "/qemu/daemonize-with-tcmalloc.toml"});
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
    const Json runs = Json::parse(result.out)["runs"];
    Json waits;
    for (const Json& process : runs[0]["processes"])
        if (process["path"] == "qemu/1/1")
            for (const Json& thread : process["threads"]) waits.push_back(thread["waits_for"]);
    REQUIRE(waits.size() == 2);
    CHECK(waits[0]["kind"] == "futex");
    CHECK(waits[0]["address"] == waits[1]["address"]);
    const auto explanation = runs[0]["explanation"].dump();
    CHECK_THAT(explanation, Contains("that lock was held by qemu/1 thread 2") &&
                                Contains("it was called with") && Contains("libvirt waits in turn"));
}

TEST_CASE("a speaker says nothing to a server that the pidfile does not name") {
    if (must_skip()) return;
    const auto with_pid = [](const std::string& pid) {
        // The server goes into the background; it is the third process of the sandbox or a later one.
        const std::string start = "'" REHANG_TEST_PROGRAMS
                                  "/qmp_server' answers >/dev/null 2>&1 </dev/null & echo " +
                                  pid + " >/tmp/pid; while [ ! -S /tmp/qmp ]; do sleep 0.01; done";
        return report_of({.argv = shell(start),
                          .rest = "[[process]]\nname = \"speaker\"\n[process.qmp]\nsocket = \"/tmp/qmp\"\n"
                                  "pidfile = \"/tmp/pid\"\nlimit = \"60s\"\n"
                                  "say = [{execute = \"qmp_capabilities\"}, {execute = \"quit\"}]\n",
                          .expect = "outcome = \"exited\"\nexit = 0"});
    };
    CHECK(with_pid("$!")["mismatches"] == Json::array());
    const Json wrong = with_pid("1");
    CHECK(wrong["as_expected"] == false);
    CHECK_THAT(wrong["qmp"][0]["failed"].get<std::string>(),
               Contains("/tmp/pid names process 1, but process ") && Contains("listens at the socket"));
    CHECK_THAT(with_pid("nobody")["qmp"][0]["failed"].get<std::string>(),
               Contains("/tmp/pid names no process"));
}

}  // namespace
}  // namespace rehang::e2e
