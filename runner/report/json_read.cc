#include <fmt/format.h>
#include <sys/wait.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "report/json.h"

namespace rehang {
namespace {

using Json = nlohmann::json;

// Reads the members of one JSON object. The first thing that is wrong is remembered in `problem`, shared by
// all readers of a document; what follows is then read as empty.
class Reader {
  public:
    Reader(const Json& json, std::string path, std::string& problem)
        : json_(json), path_(std::move(path)), problem_(problem) {
        if (!json.is_object()) complain("", "is not an object");
    }

    template <class T>
    void get(const char* key, T& to) const {
        const Json* value = find(key);
        if (!value) return;
        try {
            value->get_to(to);
        } catch (const Json::exception&) {
            complain(key, "has the wrong type");
        }
    }

    template <class T>
    void get(const char* key, std::optional<T>& to) const {
        const Json* value = find(key);
        if (!value || value->is_null()) return;
        get(key, to.emplace());
    }

    // A word of the vocabulary; null leaves `to` as it is.
    template <class E>
    void get_word(const char* key, E& to, std::optional<E> (*parse)(std::string_view)) const {
        std::optional<std::string> text;
        get(key, text);
        if (!text) return;
        if (const auto value = parse(*text))
            to = *value;
        else
            complain(key, fmt::format("has an unknown value \"{}\"", *text));
    }

    // JSON within JSON, kept as text; null is no text.
    void get_embedded(const char* key, std::string& to) const {
        if (has(key)) to = find(key)->dump(-1, ' ', false, Json::error_handler_t::replace);
    }

    void get_address(const char* key, std::uint64_t& to) const {
        std::string text;
        get(key, text);
        if (!text.starts_with("0x")) return complain(key, "is not an address");
        const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), to, 16);
        if (error != std::errc() || end != text.data() + text.size()) complain(key, "is not an address");
    }

    template <class T>
    void get_array(const char* key, std::vector<T>& to, T (*make)(const Reader&)) const {
        const Json* value = find(key);
        if (!value) return;
        if (!value->is_array()) return complain(key, "is not an array");
        for (size_t i = 0; i < value->size(); ++i)
            to.push_back(make(Reader((*value)[i], fmt::format("{}{}[{}].", path_, key, i), problem_)));
    }

    // It is there and not null.
    bool has(const char* key) const {
        const Json* value = find(key);
        return value && !value->is_null();
    }

    // For what older reports do not have.
    bool mentions(const char* key) const { return json_.contains(key); }

    Reader object(const char* key) const {
        static const Json empty = Json::object();
        const Json* value = find(key);
        return {value ? *value : empty, fmt::format("{}{}.", path_, key), problem_};
    }

  private:
    const Json* find(const char* key) const {
        if (!problem_.empty()) return nullptr;
        const auto found = json_.find(key);
        if (found != json_.end()) return &*found;
        complain(key, "is missing");
        return nullptr;
    }

    void complain(std::string_view key, std::string_view what) const {
        if (!problem_.empty()) return;
        std::string place = path_ + std::string(key);
        if (place.ends_with('.')) place.pop_back();
        problem_ = place.empty() ? fmt::format("it {}", what) : fmt::format("{} {}", place, what);
    }

    const Json& json_;
    std::string path_;
    std::string& problem_;
};

std::optional<Role> parse_role(std::string_view text) {
    for (const Role role : {Role::scenario, Role::control, Role::diagnosis})
        if (text == to_text(role)) return role;
    return std::nullopt;
}

elf::Frame read_frame(const Reader& reader) {
    elf::Frame frame;
    reader.get("module", frame.module);
    reader.get("symbol", frame.symbol);
    reader.get("offset", frame.offset);
    reader.get_address("pc", frame.pc);
    return frame;
}

Wait read_wait(const Reader& reader) {
    Wait wait;
    reader.get_word("kind", wait.kind, parse_wait_kind);
    reader.get("sentence", wait.sentence);
    reader.get("wakers", wait.wakers);
    reader.get("by_itself", wait.by_itself);
    reader.get("by_outside", wait.by_outside);
    if (is_at_descriptors(wait.kind)) {
        reader.get("fd", wait.fd);
        reader.get("pipe", wait.pipe_inode);
        reader.get("socket", wait.socket_inode);
    }
    if (wait.kind == WaitKind::futex || wait.kind == WaitKind::spin) {
        reader.get_address("address", wait.address);
        reader.get("word", wait.word);
        reader.get("expected", wait.expected);
        reader.get("location", wait.location);
        reader.get("object", wait.object);
        reader.get("owner", wait.owner);
        reader.get("retried", wait.retried);
    }
    if (wait.kind == WaitKind::child) reader.get("children", wait.children);
    return wait;
}

DiagnosedThread read_thread(const Reader& reader) {
    DiagnosedThread thread;
    reader.get("tid", thread.inner_tid);
    reader.get("host_tid", thread.tid);
    reader.get("nth", thread.nth);
    reader.get("name", thread.name);
    reader.get("role", thread.role);
    reader.get("stuck", thread.stuck);
    reader.get("may_go_on", thread.may_go_on);
    thread.wait = read_wait(reader.object("waits_for"));
    reader.get_array("stack", thread.stack, read_frame);
    return thread;
}

// A wait(2) status, told in JSON as the exit status or the signal.
std::optional<int> read_wait_status(const Reader& reader) {
    std::optional<int> exit, signal;
    reader.get("exit", exit);
    reader.get("signal", signal);
    if (exit) return W_EXITCODE(*exit, 0);
    if (signal) return W_EXITCODE(0, *signal);
    return std::nullopt;
}

DiagnosedProcess read_process(const Reader& reader) {
    DiagnosedProcess process;
    reader.get("path", process.path);
    reader.get("pid", process.inner_pid);
    reader.get("host_pid", process.pid);
    reader.get("host_ppid", process.parent);
    reader.get("forked_by", process.parent_path);
    reader.get("program", process.program);
    reader.get("execs", process.execs);
    reader.get("name", process.name);
    reader.get("state", process.state);
    process.exit_status = read_wait_status(reader);
    reader.get_array("threads", process.threads, read_thread);
    return process;
}

PointReport read_point(const Reader& reader) {
    PointReport point;
    reader.get("name", point.name);
    reader.get("reached_ms", point.reached_ms);
    reader.get("by", point.by);
    return point;
}

FaultReport read_fault(const Reader& reader) {
    FaultReport fault;
    reader.get("name", fault.name);
    reader.get("matched", fault.matched);
    reader.get("fired", fault.fired);
    reader.get("does", fault.does);
    reader.get("first_by", fault.first_by);
    return fault;
}

UnknownRequestReport read_unknown_request(const Reader& reader) {
    UnknownRequestReport request;
    if (reader.has("request")) reader.get("request", request.name);
    reader.get("number", request.number);
    reader.get("size", request.size);
    reader.get("times", request.times);
    reader.get("by", request.by);
    return request;
}

FakeReport read_fake(const Reader& reader) {
    FakeReport fake;
    reader.get("name", fake.name);
    reader.get("device", fake.device);
    reader.get("model", fake.model);
    reader.get("opened", fake.opened);
    reader.get("calls", fake.calls);
    reader.get_array("unknown", fake.unknown, read_unknown_request);
    return fake;
}

UnmetHold read_unmet(const Reader& reader) {
    UnmetHold unmet;
    reader.get("hold", unmet.hold);
    reader.get("at", unmet.at);
    reader.get("missing", unmet.missing);
    reader.get("reason", unmet.reason);
    if (reader.mentions("impossible")) reader.get("impossible", unmet.impossible);  // not in older reports
    reader.get("instead", unmet.instead);
    return unmet;
}

StreamReport read_stream(const Reader& reader) {
    StreamReport stream;
    reader.get("process", stream.process);
    reader.get("stdout", stream.out);
    reader.get("stderr", stream.err);
    reader.get("stdout_cut", stream.out_cut);
    reader.get("stderr_cut", stream.err_cut);
    return stream;
}

QmpExchange read_exchange(const Reader& reader) {
    QmpExchange exchange;
    reader.get_embedded("said", exchange.said);
    reader.get_embedded("got", exchange.got);
    reader.get_embedded("wanted", exchange.wanted);
    return exchange;
}

QmpReport read_qmp(const Reader& reader) {
    QmpReport qmp;
    reader.get("process", qmp.process);
    reader.get("socket", qmp.socket);
    reader.get_array("exchanges", qmp.exchanges, read_exchange);
    reader.get("failed", qmp.failed);
    return qmp;
}

PlaceReport read_place(const Reader& reader) {
    PlaceReport place;
    reader.get("process", place.process);
    reader.get("thread", place.nth);
    return place;
}

EventReport read_event(const Reader& reader) {
    EventReport event;
    reader.get("ms", event.ms);
    reader.get("until_ms", event.until_ms);
    reader.get_word("kind", event.kind, parse_event_kind);
    if (reader.has("who")) event.who = read_place(reader.object("who"));
    reader.get("name", event.name);
    reader.get("text", event.text);
    if (reader.has("by")) event.by = read_place(reader.object("by"));
    return event;
}

GraphNode read_node(const Reader& reader) {
    GraphNode node;
    reader.get("id", node.id);
    reader.get("kind", node.kind);
    reader.get("label", node.label);
    return node;
}

GraphEdge read_edge(const Reader& reader) {
    GraphEdge edge;
    reader.get("from", edge.from);
    reader.get("to", edge.to);
    reader.get("label", edge.label);
    return edge;
}

CoreReport read_core(const Reader& reader) {
    CoreReport core;
    reader.get("process", core.process);
    reader.get("file", core.file);
    reader.get("program", core.program);
    return core;
}

HostInfo read_host(const Reader& reader) {
    HostInfo host;
    reader.get("kernel", host.kernel);
    reader.get("machine", host.machine);
    reader.get("libc", host.libc);
    reader.get("distribution", host.distribution);
    reader.get("processors", host.processors);
    return host;
}

void read_timings(const Reader& reader, RunReport& report) {
    reader.get("setup", report.timings_ms.setup);
    reader.get("reach", report.timings_ms.reach);
    reader.get("proof", report.timings_ms.proof);
    reader.get("total", report.timings_ms.total);
}

RunReport read_run(const Reader& reader) {
    RunReport report;
    reader.get_word("role", report.role, parse_role);
    reader.get("repeat", report.repeat);
    reader.get("file", report.file);
    reader.get("scenario", report.scenario);
    reader.get("params", report.params);
    reader.get("seed", report.seed);
    reader.get_word("outcome", report.outcome, parse_outcome);
    reader.get("exit", report.exit);
    reader.get("signal", report.signal);
    reader.get_word("cause", report.cause, parse_cause);
    if (reader.has("innermost")) report.innermost = read_place(reader.object("innermost"));
    reader.get("proven", report.proven);
    reader.get("as_expected", report.as_expected);
    reader.get("mismatches", report.mismatches);
    reader.get_array("points", report.points, read_point);
    reader.get_array("unmet", report.unmet, read_unmet);
    reader.get_array("faults", report.faults, read_fault);
    reader.get_array("fakes", report.fakes, read_fake);
    reader.get_array("processes", report.processes, read_process);
    reader.object("graph").get_array("nodes", report.nodes, read_node);
    reader.object("graph").get_array("edges", report.edges, read_edge);
    reader.get("explanation", report.explanation);
    reader.get("doubts", report.doubts);
    reader.get("notes", report.notes);
    reader.get_array("streams", report.streams, read_stream);
    reader.get_array("qmp", report.qmp, read_qmp);
    reader.get_array("events", report.events, read_event);
    read_timings(reader.object("timings_ms"), report);
    report.host = read_host(reader.object("host"));
    reader.get("signature", report.signature);
    reader.get("kept", report.kept);
    reader.get_array("cores", report.cores, read_core);
    if (reader.has("keeper")) reader.get("keeper", report.keeper);
    return report;
}

}  // namespace

Expected<FailedRun> failure_from_json(const Json& json) {
    std::string problem;
    const Reader reader(json, "", problem);
    FailedRun failed;
    reader.get("file", failed.file);
    reader.get("scenario", failed.scenario);
    reader.get("params", failed.params);
    reader.get_word("role", failed.role, parse_role);
    reader.get("repeat", failed.repeat);
    reader.get("error", failed.error.what);
    reader.get("hint", failed.error.hint);
    if (problem.empty()) return failed;
    return std::unexpected(
        Error{.what = fmt::format("can't read of a run that failed: {}", problem), .hint = {}});
}

Expected<RunReport> run_from_json(const Json& json) {
    std::string problem;
    RunReport report = read_run(Reader(json, "", problem));
    if (!problem.empty())
        return std::unexpected(
            Error{.what = fmt::format("can't read the report of a run: {}", problem), .hint = {}});
    return report;
}

}  // namespace rehang
