// What happened when: --trace and --verbose.
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.h"
#include "catch.h"
#include "command.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string hang = std::string(REHANG_SCENARIOS) + "/libc/localtime-lock-at-fork.toml";

TEST_CASE("the option --verbose tells when what happened, also of the control") {
    if (must_skip()) return;
    const Finished result = rehang({"run", hang, "--verbose"});
    REQUIRE(result.status == 0);
    const size_t control = result.out.find("(control)");
    REQUIRE(control != std::string::npos);
    for (const std::string& run : {result.out.substr(0, control), result.out.substr(control)})
        CHECK_THAT(run, Contains("\nTimeline\n") && Contains("app main      is born\n") &&
                            Contains("app thread 2  is held at logger_in_lock\n") &&
                            Contains("app/1 main    is born of app main\n") && Contains("stdout: "));
    CHECK_THAT(result.out.substr(0, control), Contains("rehang        hung: inherited-lock, proven\n"));
    CHECK_THAT(rehang({"run", hang}).out, !Contains("Timeline"));
}

TEST_CASE("the option --trace writes every run for a trace viewer, without changing the report") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.path() + "/trace.json";
    const Finished result = rehang({"run", hang, "--repeat", "2", "--trace", file, "--json", "-"});
    REQUIRE(result.status == 0);
    CHECK_THAT(rehang({"run", hang, "--trace", "/dev/null"}).out, !Contains("Timeline"));
    const Json report = Json::parse(result.out);
    for (const Json& run : report["runs"]) {
        CHECK(run["events"].size() > 10);
        CHECK(run["events"].back()["kind"] == "verdict");
    }
    const Json trace = Json::parse(read_file_or_empty(file));
    std::set<std::string> processes, slices;
    for (const Json& event : trace.at("traceEvents")) {
        if (event["name"] == "process_name") processes.insert(event["args"]["name"].get<std::string>());
        if (event["ph"] == "X") slices.insert(event["name"].get<std::string>());
        if (event["ph"] != "M") CHECK(event["ts"].get<double>() >= 0);
        if (event["ph"] == "X") CHECK(event["dur"].get<double>() >= 0);
    }
    for (const char* name : {"localtime-lock-at-fork: app", "localtime-lock-at-fork: app/1",
                             "localtime-lock-at-fork (control): app", "localtime-lock-at-fork #2: app"})
        CHECK(processes.contains(name));
    CHECK(slices.contains("held at logger_in_lock"));
    CHECK(slices.contains("waits: futex"));
}

TEST_CASE("a trace that can't be written is told before anything runs") {
    const Finished result = rehang({"run", hang, "--trace", "/no/such/folder/trace.json"});
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Contains("/no/such/folder/trace.json"));
}

}  // namespace
}  // namespace rehang::e2e
