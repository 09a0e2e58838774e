// By the rules of the Trace Event Format (see report/trace_json.h).
#include "report/trace_json.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "catch.h"
#include "example_report.h"

namespace rehang {
namespace {

using Json = nlohmann::json;

struct Slice {
    double begin, end;
};

// Slices of one thread lie in each other or behind each other.
void check_nesting(const std::vector<Slice>& slices) {
    constexpr double rounding = 1e-3;  // microseconds
    for (const Slice& a : slices)
        for (const Slice& b : slices)
            CHECK_FALSE(
                (a.begin + rounding < b.begin && b.begin + rounding < a.end && a.end + rounding < b.end));
}

void check_format(const Json& document) {
    using Track = std::pair<int, int>;
    std::map<Track, std::vector<Slice>> slices;
    std::map<int, std::vector<std::pair<std::string, const Json*>>> arrows;
    std::set<Track> named_threads;
    std::set<int> named_processes;
    for (const Json& event : document.at("traceEvents")) {
        INFO(event);
        const std::string phase = event.at("ph");
        const Track track{event.at("pid"), event.at("tid")};
        CHECK(event.at("ts").get<double>() >= 0);
        CHECK(event.at("name").is_string());
        if (phase == "M") {
            if (event["name"] == "process_name") named_processes.insert(track.first);
            if (event["name"] == "thread_name") named_threads.insert(track);
            CHECK(event.at("args").is_object());
            continue;
        }
        CHECK(named_threads.contains(track));
        CHECK(named_processes.contains(track.first));
        CHECK(event.at("cat").is_string());
        if (phase == "X") {
            const double begin = event["ts"], duration = event.at("dur");
            CHECK(duration >= 0);
            slices[track].push_back({begin, begin + duration});
        } else if (phase == "i") {
            const std::string scope = event.at("s");
            CHECK((scope == "t" || scope == "p" || scope == "g"));
        } else {
            REQUIRE((phase == "s" || phase == "f"));
            if (phase == "f") CHECK(event.at("bp") == "e");
            arrows[event.at("id")].emplace_back(phase, &event);
        }
    }
    for (const auto& [track, of_thread] : slices) check_nesting(of_thread);
    for (const auto& [id, ends] : arrows) {
        REQUIRE(ends.size() == 2);
        CHECK(ends[0].first == "s");
        CHECK(ends[1].first == "f");
        CHECK((*ends[0].second)["name"] == (*ends[1].second)["name"]);
        CHECK((*ends[0].second)["ts"] <= (*ends[1].second)["ts"]);
        for (const auto& [phase, event] : ends) {  // an arrow is only drawn from slice to slice
            const double at = (*event)["ts"];
            const auto& around = slices[{(*event)["pid"], (*event)["tid"]}];
            CHECK(std::ranges::any_of(around, [at](const Slice& s) { return s.begin <= at && at <= s.end; }));
        }
    }
}

size_t count(const Json& document, const std::string& phase, const std::string& name) {
    return static_cast<size_t>(std::ranges::count_if(document["traceEvents"], [&](const Json& event) {
        return event["ph"] == phase && event["name"] == name;
    }));
}

TEST_CASE("a trace keeps the rules of its format") {
    check_format(trace_document({inherited_lock_hang()}));
    check_format(trace_document({inherited_lock_hang(), good_control(), inherited_lock_hang()}));
    check_format(trace_document({}));
}

TEST_CASE("a trace has threads, holds, waits, and arrows") {
    const Json trace = trace_document({inherited_lock_hang()});
    CHECK(count(trace, "X", "exists") == 3);
    CHECK(count(trace, "X", "held at rcu_in_lock") == 1);
    CHECK(count(trace, "X", "waits: futex") == 1);  // of the threads that the timeline has
    CHECK(count(trace, "s", "fork") == 2);
    CHECK(count(trace, "s", "lets go") == 1);
    CHECK(count(trace, "i", "hung: inherited-lock, proven") == 1);
    for (const Json& event : trace["traceEvents"])
        if (event["name"] == "held at rcu_in_lock") {
            CHECK(event["ts"] == 1500);
            CHECK(event["dur"] == 2300);
        }
}

TEST_CASE("several runs in one trace: each has processes of its own, named after it") {
    RunReport second = inherited_lock_hang();
    second.repeat = 2;
    second.role = Role::control;
    std::set<std::string> names;
    const Json trace = trace_document({inherited_lock_hang(), second});
    for (const Json& event : trace["traceEvents"])
        if (event["name"] == "process_name") names.insert(event["args"]["name"].get<std::string>());
    CHECK(names.size() == 8);
    CHECK(names.contains("daemonize: probe/1"));
    CHECK(names.contains("daemonize (control) #2: probe/1"));
}

TEST_CASE("lives and holds that nothing ended last to the end of the trace") {
    RunReport report = inherited_lock_hang();
    std::erase_if(report.events, [](const EventReport& event) { return event.kind == EventKind::released; });
    std::erase_if(report.events, [](const EventReport& event) { return event.kind == EventKind::ended; });
    const Json trace = trace_document({report});
    check_format(trace);
    for (const Json& event : trace["traceEvents"])
        if (event["name"] == "held at rcu_in_lock") CHECK(event["dur"].get<double>() == Approx(6100));
}

}  // namespace
}  // namespace rehang
