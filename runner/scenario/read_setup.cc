#include "scenario/sections.h"

namespace rehang {
namespace {

constexpr std::int64_t most_pids = 4194304;  // PID_MAX_LIMIT, include/linux/threads.h

void read_scenario_table(Fields& fields, Scenario& scenario) {
    scenario.name = fields.text("name");
    scenario.summary = fields.text("summary");
    scenario.links = fields.maybe_texts("links");
    scenario.tags = fields.maybe_texts("tags");
    scenario.needs = fields.maybe_texts("needs");
    if (const auto timeout = fields.maybe_duration("timeout")) scenario.timeout = *timeout;
}

void read_params(Fields& root, Scenario& scenario) {
    for (auto& [name, value] : root.maybe_text_pairs("params")) scenario.params.push_back({name, value});
    for (auto& [name, values] : root.maybe_texts_pairs("matrix")) scenario.matrix.push_back({name, values});
}

void read_sandbox(Fields& fields, SandboxDecl& sandbox) {
    sandbox.private_folders = fields.maybe_texts("private");
    fields.table("limits", [&](Fields& limits) {
        sandbox.pids = limits.maybe_integer("pids", 1, most_pids);
        sandbox.memory = limits.maybe_size("memory");
        sandbox.output = limits.maybe_size("output");
    });
}

// Who speaks QMP is a program of ours, like those that scenarios name as ${targets}/NAME.
Text speaker(Span at) {
    return {"${targets}/qmp_speaker", at};
}

ProcessDecl read_process(Fields& fields, Problems& problems) {
    ProcessDecl process;
    process.at = fields.at();
    process.name = fields.text("name");
    fields.need_exactly_one({"argv", "qmp"});
    if (fields.table("qmp", [&](Fields& qmp) { process.qmp = read_qmp(qmp, problems); }))
        process.argv = {speaker(process.at)};
    if (fields.has("argv")) process.argv = fields.texts("argv");
    process.preload = fields.maybe_texts("preload");
    process.env = fields.maybe_text_pairs("env");
    process.cwd = fields.maybe_text("cwd");
    return process;
}

}  // namespace

void read_setup(Fields& root, Scenario& scenario, Problems& problems) {
    root.required_table("scenario", [&](Fields& fields) { read_scenario_table(fields, scenario); });
    read_params(root, scenario);
    root.table("sandbox", [&](Fields& fields) { read_sandbox(fields, scenario.sandbox); });
    root.required_tables(
        "process", [&](Fields& fields) { scenario.processes.push_back(read_process(fields, problems)); });
}

}  // namespace rehang
