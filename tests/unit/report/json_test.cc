#include <nlohmann/json.hpp>

#include "catch.h"
#include "example_report.h"
#include "report/json.h"

namespace rehang {
namespace {

TEST_CASE("a report survives the way to JSON and back") {
    for (const RunReport& report : {inherited_lock_hang(), good_control()}) {
        const auto json = to_json(report);
        const auto back = run_from_json(nlohmann::json::parse(dump(json, -1)));
        REQUIRE(back);
        CHECK(to_json(*back) == json);
        CHECK(signature(*back) == report.signature);
        CHECK(back->processes.size() == report.processes.size());
    }
}

TEST_CASE("fakes survive it, too: a request without a name is null") {
    RunReport report = good_control();
    report.fakes = {{.name = "kvm",
                     .device = "/dev/kvm",
                     .model = "kvm-x86",
                     .opened = 1,
                     .calls = 2,
                     .unknown = {{.name = "", .number = 0xaeff, .size = 0, .times = 2, .by = "q main"}}}};
    const auto json = to_json(report);
    CHECK(json["fakes"] ==
          nlohmann::json::parse(R"([{"name": "kvm", "device": "/dev/kvm", "model": "kvm-x86", "opened": 1,
                                     "calls": 2, "unknown": [{"request": null, "number": 44799, "size": 0,
                                                              "times": 2, "by": "q main"}]}])"));
    const auto back = run_from_json(nlohmann::json::parse(dump(json, -1)));
    REQUIRE(back);
    CHECK(to_json(*back) == json);
}

TEST_CASE("pids are those that the targets see, exits are exit statuses") {
    const auto json = to_json(inherited_lock_hang());
    const auto& zombie = json["processes"][1];
    CHECK(zombie["pid"] == 3);
    CHECK(zombie["ppid"] == 2);
    CHECK(zombie["host_pid"] == 4003);
    CHECK(zombie["exit"] == 0);
    CHECK(zombie["signal"].is_null());
    CHECK(json["processes"][0]["ppid"] == 1);
}

TEST_CASE("a wait tells what belongs to its kind") {
    const auto json = to_json(inherited_lock_hang());
    const auto& futex = json["processes"][2]["threads"][0]["waits_for"];
    CHECK(futex["kind"] == "futex");
    CHECK(futex["address"] == "0x7f0012345678");
    CHECK_FALSE(futex.contains("fd"));
    const auto& pipe = json["processes"][0]["threads"][0]["waits_for"];
    CHECK(pipe["kind"] == "pipe-read");
    CHECK(pipe["pipe"] == 77);
    CHECK_FALSE(pipe.contains("address"));
}

TEST_CASE("only a hang has a cause") {
    CHECK(to_json(inherited_lock_hang())["cause"] == "inherited-lock");
    CHECK(to_json(good_control())["cause"].is_null());
}

TEST_CASE("the document names its format and has failures only where there are some") {
    const auto good = document({good_control()});
    CHECK(good["format"] == 1);
    CHECK(good["rehang"].is_string());
    CHECK(good["runs"].size() == 1);
    CHECK_FALSE(good.contains("failures"));

    const auto bad = document({}, {{.file = "x.toml",
                                    .scenario = "x",
                                    .role = Role::control,
                                    .repeat = 2,
                                    .error = {.what = "worker died", .hint = ""}}});
    CHECK(bad["runs"].is_array());
    CHECK(bad["failures"][0]["error"] == "worker died");
    CHECK(bad["failures"][0]["role"] == "control");
}

TEST_CASE("what is wrong with a report is named by its place") {
    auto json = to_json(inherited_lock_hang());
    const auto what = [&] { return run_from_json(json).error().what; };
    SECTION("a missing key") {
        json.erase("outcome");
        CHECK(what() == "can't read the report of a run: outcome is missing");
    }
    SECTION("a wrong type deep inside") {
        json["processes"][2]["threads"][0]["nth"] = "first";
        CHECK(what() == "can't read the report of a run: processes[2].threads[0].nth has the wrong type");
    }
    SECTION("an unknown word") {
        json["outcome"] = "hanged";
        CHECK(what() == "can't read the report of a run: outcome has an unknown value \"hanged\"");
    }
    SECTION("no object at all") {
        json = 3;
        CHECK(what() == "can't read the report of a run: it is not an object");
    }
    SECTION("a section that is no object") {
        json["host"] = 3;
        CHECK(what() == "can't read the report of a run: host is not an object");
    }
}

TEST_CASE("output that is not UTF-8 does not spoil the report") {
    RunReport report = good_control();
    report.streams = {{.process = "p", .out = "\xff\xfe", .err = "", .out_cut = false, .err_cut = false}};
    CHECK(dump(to_json(report), -1).find("\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("the pieces of a document are the document") {
    const std::vector<RunReport> runs = {inherited_lock_hang(), good_control()};
    const std::vector<FailedRun> failures = {{.file = "x.toml",
                                              .scenario = "x",
                                              .role = Role::scenario,
                                              .repeat = 2,
                                              .error = {.what = "no", .hint = "go"}}};
    const std::string two = document_head({}) + document_run(runs[0], true) + document_run(runs[1], false);
    CHECK(nlohmann::json::parse(two + document_tail({})) == document(runs));
    CHECK(nlohmann::json::parse(two + document_tail(failures)) == document(runs, failures));
    CHECK(nlohmann::json::parse(document_head({}) + document_tail({})) == document({}));
    CHECK(document_head({}) + document_run(runs[0], true) + document_tail({}) ==
          dump(document({runs[0]}), 2) + '\n');
}

}  // namespace
}  // namespace rehang
