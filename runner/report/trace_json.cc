#include "report/trace_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "report/describe.h"
#include "report/timeline.h"

namespace rehang {
namespace {

using Json = nlohmann::json;

// Numbers that stand for processes, threads and arrows in one file.
struct Numbers {
    int process = 0, thread = 0, arrow = 0;
};

double microseconds(double ms) {
    return ms * 1000;
}

// The events of one run.
class RunTrace {
  public:
    RunTrace(const RunReport& report, std::string prefix, Numbers& numbers, Json& out)
        : report_(report), prefix_(std::move(prefix)), numbers_(numbers), out_(out) {
        for (const EventReport& event : report.events) end_ = std::max(end_, event.until_ms);
    }

    void write() {
        process_of("");  // the runner's track comes first
        for (const EventReport& event : report_.events) follow(event);
        while (!lives_.empty()) end_life(lives_.begin()->first, end_);
        write_waits();
        // An X that lies in another one of the same length must come behind it: outer ones were collected
        // first.
        for (Json& event : outer_) out_.push_back(std::move(event));
        for (Json& event : inner_) out_.push_back(std::move(event));
    }

  private:
    using Track = std::pair<std::string, unsigned>;  // process, birth number of the thread

    int process_of(const std::string& path) {
        const auto [known, first] = processes_.try_emplace(path, 0);
        if (!first) return known->second;
        known->second = ++numbers_.process;
        name("process_name", known->second, 0, prefix_ + (path.empty() ? "rehang" : path));
        metadata("process_sort_index", known->second, 0, {{"sort_index", known->second}});
        return known->second;
    }

    int thread_of(const Track& track) {
        const int process = process_of(track.first);
        const auto [known, first] = threads_.try_emplace(track, 0);
        if (!first) return known->second;
        known->second = ++numbers_.thread;
        const std::string text = track.first.empty() ? "looks and verdict"
                                 : track.second == 0 ? "output"
                                                     : thread_text({track.first, track.second});
        name("thread_name", process, known->second, text);
        metadata("thread_sort_index", process, known->second, {{"sort_index", track.second}});
        return known->second;
    }

    void name(const char* what, int process, int thread, const std::string& text) {
        metadata(what, process, thread, {{"name", text}});
    }
    void metadata(const char* what, int process, int thread, Json arguments) {
        out_.push_back({{"ph", "M"},
                        {"ts", 0},
                        {"name", what},
                        {"pid", process},
                        {"tid", thread},
                        {"args", std::move(arguments)}});
    }

    Json event(const char* phase, const Track& track, const std::string& name, const char* category,
               double ms) {
        return {{"ph", phase},
                {"name", name},
                {"cat", category},
                {"ts", microseconds(ms)},
                {"pid", process_of(track.first)},
                {"tid", thread_of(track)}};
    }

    Json span(const Track& track, const std::string& name, const char* category, double from, double to,
              Json arguments) {
        Json json = event("X", track, name, category, from);
        json["dur"] = microseconds(std::max(0.0, to - from));
        json["args"] = std::move(arguments);
        return json;
    }

    void instant(const EventReport& happened, const Track& track) {
        Json json = event("i", track, event_text(happened), to_text(happened.kind).data(), happened.ms);
        json["s"] = happened.kind == EventKind::verdict ? "p" : "t";
        inner_.push_back(std::move(json));
    }

    void arrow(const EventReport& happened, const char* name) {
        if (happened.by.process.empty() || happened.by.nth == 0) return;
        const int id = ++numbers_.arrow;
        const Track from{happened.by.process, happened.by.nth}, to{happened.who.process, happened.who.nth};
        if (!lives_.contains(from)) begin_life(from, happened.ms);
        Json start = event("s", from, name, "order", happened.ms);
        start["id"] = id;
        inner_.push_back(std::move(start));
        Json end = event("f", to, name, "order", happened.ms);
        end["id"] = id;
        end["bp"] = "e";  // to the slice around it, not to the next one
        inner_.push_back(std::move(end));
    }

    void begin_life(const Track& track, double ms) {
        process_of(track.first);
        lives_.try_emplace(track, ms);
        last_seen_[track] = ms;
    }

    void end_life(const Track& track, double ms) {
        end_hold(track, ms);
        const auto life = lives_.extract(track);
        if (life) outer_.push_back(span(track, "exists", "life", life.mapped(), ms, Json::object()));
    }

    void end_hold(const Track& track, double ms) {
        const auto hold = holds_.extract(track);
        if (hold)
            inner_.push_back(span(track, fmt::format("held at {}", hold.mapped()->name), "hold",
                                  hold.mapped()->ms, ms, {{"point", hold.mapped()->name}}));
    }

    void follow(const EventReport& happened) {
        const Track track{happened.who.process, happened.who.nth};
        if (track.second != 0) {
            begin_life(track, happened.ms);  // without effect where it has begun
            last_seen_[track] = happened.ms;
        }
        switch (happened.kind) {
            case EventKind::born:
                return arrow(happened, "fork");
            case EventKind::held:
                holds_[track] = &happened;
                return;
            case EventKind::released:
                end_hold(track, happened.ms);
                return arrow(happened, "lets go");
            case EventKind::ended:
                instant(happened, track);
                return end(happened, track);
            case EventKind::look:
                inner_.push_back(
                    span(track, happened.name, "look", happened.ms, happened.until_ms, Json::object()));
                if (happened.name.starts_with("somebody")) last_doubt_ = happened.until_ms;
                return;
            case EventKind::exec:
            case EventKind::point:
            case EventKind::fault:
            case EventKind::fake:
            case EventKind::syscall:
            case EventKind::output:
            case EventKind::signal:
            case EventKind::stopped:
            case EventKind::verdict:
                return instant(happened, track);
        }
    }

    void end(const EventReport& happened, const Track& track) {
        if (happened.name != "process") return end_life(track, happened.ms);
        std::vector<Track> all;
        for (const auto& [living, since] : lives_)
            if (living.first == track.first) all.push_back(living);
        for (const Track& living : all) end_life(living, happened.ms);
    }

    // When a wait began is not seen, only that it lasted from the last look that had doubts up to the
    // verdict.
    void write_waits() {
        for (const DiagnosedProcess& process : report_.processes)
            for (const DiagnosedThread& thread : process.threads) {
                const Track track{process.path, thread.nth};
                if (!thread.stuck || !last_seen_.contains(track)) continue;
                const double since = std::max(last_doubt_, last_seen_[track]);
                inner_.push_back(span(track, fmt::format("waits: {}", to_text(thread.wait.kind)), "wait",
                                      since, end_, {{"sentence", thread.wait.sentence}}));
            }
    }

    const RunReport& report_;
    std::string prefix_;
    Numbers& numbers_;
    Json& out_;
    double end_ = 0;
    double last_doubt_ = 0;
    std::map<std::string, int> processes_;
    std::map<Track, int> threads_;
    std::map<Track, double> lives_;              // since when
    std::map<Track, const EventReport*> holds_;  // those that last
    std::map<Track, double> last_seen_;
    std::vector<Json> outer_, inner_;
};

std::string run_name(const RunReport& run) {
    return fmt::format("{}{}{}: ", run.scenario, run.role == Role::control ? " (control)" : "",
                       run.repeat > 1 ? fmt::format(" #{}", run.repeat) : "");
}

}  // namespace

Json trace_document(const std::vector<RunReport>& runs) {
    Json events = Json::array();
    Numbers numbers;
    for (const RunReport& run : runs)
        RunTrace(run, runs.size() > 1 ? run_name(run) : "", numbers, events).write();
    return {{"traceEvents", std::move(events)},
            {"displayTimeUnit", "ms"},
            {"otherData", {{"program", "rehang " REHANG_VERSION}}}};
}

}  // namespace rehang
