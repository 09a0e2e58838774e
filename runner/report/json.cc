#include "report/json.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rehang {
namespace {

using Json = nlohmann::json;

template <class T>
Json optional_json(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

template <class T>
Json array_of(const std::vector<T>& values, Json (*make)(const T&)) {
    Json array = Json::array();
    for (const T& value : values) array.push_back(make(value));
    return array;
}

// Addresses as text: JSON numbers above 2^53 do not survive most readers.
std::string address_text(std::uint64_t address) {
    return fmt::format("{:#x}", address);
}

Json frame_json(const elf::Frame& frame) {
    return {{"module", frame.module},
            {"symbol", frame.symbol},
            {"offset", frame.offset},
            {"pc", address_text(frame.pc)}};
}

Json wait_json(const Wait& wait) {
    Json json = {{"kind", to_text(wait.kind)},
                 {"sentence", wait.sentence},
                 {"wakers", wait.wakers},
                 {"by_itself", wait.by_itself},
                 {"by_outside", optional_json(wait.by_outside)}};
    if (is_at_descriptors(wait.kind))
        json.update({{"fd", wait.fd}, {"pipe", wait.pipe_inode}, {"socket", wait.socket_inode}});
    if (wait.kind == WaitKind::futex || wait.kind == WaitKind::spin)
        json.update({{"address", address_text(wait.address)},
                     {"word", wait.word},
                     {"expected", wait.expected},
                     {"location", wait.location},
                     {"object", wait.object},
                     {"owner", wait.owner},
                     {"retried", wait.retried}});
    if (wait.kind == WaitKind::child) json["children"] = wait.children;
    return json;
}

Json thread_json(const DiagnosedThread& thread) {
    return {{"tid", thread.inner_tid},
            {"host_tid", thread.tid},
            {"nth", thread.nth},
            {"name", thread.name},
            {"role", thread.role},
            {"stuck", thread.stuck},
            {"may_go_on", thread.may_go_on},
            {"waits_for", wait_json(thread.wait)},
            {"stack", array_of(thread.stack, frame_json)}};
}

// The parent as the target sees it; 1, the sandbox's init, for orphans and the first processes.
pid_t inner_parent(const RunReport& report, const DiagnosedProcess& process) {
    const auto parent = std::ranges::find(report.processes, process.parent, &DiagnosedProcess::pid);
    return parent == report.processes.end() ? 1 : parent->inner_pid;
}

Json process_json(const RunReport& report, const DiagnosedProcess& process) {
    const std::optional<int>& status = process.exit_status;
    return {{"path", process.path},
            {"pid", process.inner_pid},
            {"ppid", inner_parent(report, process)},
            {"host_pid", process.pid},
            {"host_ppid", process.parent},
            {"forked_by", process.parent_path},
            {"program", process.program},
            {"execs", process.execs},
            {"name", process.name},
            {"state", process.state},
            {"exit", status && WIFEXITED(*status) ? Json(WEXITSTATUS(*status)) : Json(nullptr)},
            {"signal", status && WIFSIGNALED(*status) ? Json(WTERMSIG(*status)) : Json(nullptr)},
            {"threads", array_of(process.threads, thread_json)}};
}

Json point_json(const PointReport& point) {
    return {{"name", point.name}, {"reached_ms", optional_json(point.reached_ms)}, {"by", point.by}};
}

Json fault_json(const FaultReport& fault) {
    return {{"name", fault.name},
            {"does", fault.does},
            {"matched", optional_json(fault.matched)},
            {"fired", optional_json(fault.fired)},
            {"first_by", fault.first_by}};
}

Json unknown_request_json(const UnknownRequestReport& request) {
    return {{"request", request.name.empty() ? Json(nullptr) : Json(request.name)},
            {"number", request.number},
            {"size", request.size},
            {"times", request.times},
            {"by", request.by}};
}

Json fake_json(const FakeReport& fake) {
    return {{"name", fake.name},   {"device", fake.device},
            {"model", fake.model}, {"opened", fake.opened},
            {"calls", fake.calls}, {"unknown", array_of(fake.unknown, unknown_request_json)}};
}

Json unmet_json(const UnmetHold& unmet) {
    return {{"hold", unmet.hold},
            {"at", unmet.at},
            {"missing", unmet.missing},
            {"reason", unmet.reason},
            {"impossible", unmet.impossible},
            {"instead", unmet.instead}};
}

Json stream_json(const StreamReport& stream) {
    return {{"process", stream.process},
            {"stdout", stream.out},
            {"stderr", stream.err},
            {"stdout_cut", stream.out_cut},
            {"stderr_cut", stream.err_cut}};
}

// JSON that is kept as text; null where there is none.
Json embedded(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json::parse(text, nullptr, false);
}

Json exchange_json(const QmpExchange& exchange) {
    return {{"said", embedded(exchange.said)},
            {"got", embedded(exchange.got)},
            {"wanted", embedded(exchange.wanted)}};
}

Json qmp_json(const QmpReport& qmp) {
    return {{"process", qmp.process},
            {"socket", qmp.socket},
            {"exchanges", array_of(qmp.exchanges, exchange_json)},
            {"failed", qmp.failed}};
}

Json place_json(const PlaceReport& place) {
    if (place.process.empty()) return nullptr;
    return {{"process", place.process}, {"thread", place.nth}};
}

Json event_json(const EventReport& event) {
    return {{"ms", event.ms},
            {"until_ms", event.until_ms},
            {"kind", to_text(event.kind)},
            {"who", place_json(event.who)},
            {"name", event.name},
            {"text", event.text},
            {"by", place_json(event.by)}};
}

Json node_json(const GraphNode& node) {
    return {{"id", node.id}, {"kind", node.kind}, {"label", node.label}};
}

Json edge_json(const GraphEdge& edge) {
    return {{"from", edge.from}, {"to", edge.to}, {"label", edge.label}};
}

Json host_json(const HostInfo& host) {
    return {{"kernel", host.kernel},
            {"machine", host.machine},
            {"libc", host.libc},
            {"distribution", host.distribution},
            {"processors", host.processors}};
}

Json core_json(const CoreReport& core) {
    return {{"process", core.process}, {"file", core.file}, {"program", core.program}};
}

Json failure_json(const FailedRun& failure) {
    return {{"file", failure.file},          {"scenario", failure.scenario}, {"params", failure.params},
            {"role", to_text(failure.role)}, {"repeat", failure.repeat},     {"error", failure.error.what},
            {"hint", failure.error.hint}};
}

}  // namespace

Json to_json(const RunReport& report) {
    Json processes = Json::array();
    for (const DiagnosedProcess& process : report.processes)
        processes.push_back(process_json(report, process));
    return {{"role", to_text(report.role)},
            {"repeat", report.repeat},
            {"file", report.file},
            {"scenario", report.scenario},
            {"params", report.params},
            {"seed", optional_json(report.seed)},
            {"outcome", to_text(report.outcome)},
            {"exit", optional_json(report.exit)},
            {"signal", optional_json(report.signal)},
            {"cause", report.outcome == Outcome::hung ? Json(to_text(report.cause)) : Json(nullptr)},
            {"innermost", place_json(report.innermost)},
            {"proven", report.proven},
            {"as_expected", report.as_expected},
            {"mismatches", report.mismatches},
            {"points", array_of(report.points, point_json)},
            {"unmet", array_of(report.unmet, unmet_json)},
            {"faults", array_of(report.faults, fault_json)},
            {"fakes", array_of(report.fakes, fake_json)},
            {"processes", std::move(processes)},
            {"graph",
             {{"nodes", array_of(report.nodes, node_json)}, {"edges", array_of(report.edges, edge_json)}}},
            {"explanation", report.explanation},
            {"doubts", report.doubts},
            {"notes", report.notes},
            {"streams", array_of(report.streams, stream_json)},
            {"qmp", array_of(report.qmp, qmp_json)},
            {"events", array_of(report.events, event_json)},
            {"timings_ms",
             {{"setup", report.timings_ms.setup},
              {"reach", report.timings_ms.reach},
              {"proof", report.timings_ms.proof},
              {"total", report.timings_ms.total}}},
            {"host", host_json(report.host)},
            {"signature", report.signature},
            {"kept", report.kept},
            {"cores", array_of(report.cores, core_json)},
            {"keeper", report.keeper == 0 ? Json(nullptr) : Json(report.keeper)}};
}

Json document(const std::vector<RunReport>& runs) {
    return document(runs, {});
}

Json document(const std::vector<RunReport>& runs, const std::vector<FailedRun>& failures) {
    Json json = {{"format", 1}, {"rehang", REHANG_VERSION}, {"runs", array_of(runs, to_json)}};
    if (!failures.empty()) json["failures"] = array_of(failures, failure_json);
    return json;
}

namespace {

// Texts in JSON hold no line ends of their own: every one is the layout's.
std::string shifted(const Json& json, int columns) {
    const std::string text = dump(json, 2);
    const std::string margin(static_cast<size_t>(columns), ' ');
    const auto lines = static_cast<size_t>(std::ranges::count(text, '\n'));
    std::string result;
    result.reserve(text.size() + lines * margin.size());
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
        result.append(text, begin, end - begin);
        if (text[end - 1] == '\n') result += margin;
        begin = end;
    }
    return result;
}

}  // namespace

std::string document_head(const Intended& intended) {
    std::string text = fmt::format("{{\n  \"format\": 1,\n  \"rehang\": {},\n", dump(REHANG_VERSION, -1));
    if (intended.planned > 0) text += fmt::format("  \"planned\": {},\n", intended.planned);
    if (intended.shards > 1)
        text += fmt::format("  \"shard\": {{\"index\": {}, \"of\": {}}},\n", intended.shard, intended.shards);
    return text + "  \"runs\": [";
}

std::string document_run(const RunReport& run, bool first) {
    return fmt::format("{}\n    {}", first ? "" : ",", shifted(to_json(run), 4));
}

std::string document_tail(const std::vector<FailedRun>& failures) {
    if (failures.empty()) return "\n  ]\n}\n";
    return fmt::format("\n  ],\n  \"failures\": {}\n}}\n", shifted(array_of(failures, failure_json), 2));
}

std::string dump(const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rehang
