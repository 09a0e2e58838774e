#include <fmt/format.h>

#include <limits>

#include "scenario/sections.h"

namespace rehang {
namespace {

constexpr std::int64_t most_pids = 4194304;  // PID_MAX_LIMIT, include/linux/threads.h
constexpr std::int64_t most_mode = 0777;     // what else there is a target could not make use of

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

// Decimal 755 is no mode that anybody means.
void read_mode(Fields& fields, SandboxFileDecl& file, Problems& problems) {
    file.mode = fields.maybe_integer("mode", std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::max());
    if (!file.mode || (file.mode->value >= 0 && file.mode->value <= most_mode)) return;
    problems.error(file.mode->at, fmt::format("{} is no mode of a file", file.mode->value),
                   "write it in octal: 0o755");
}

SandboxFileDecl read_file_of_sandbox(Fields& fields, Problems& problems) {
    SandboxFileDecl file{
        .at = fields.at(), .path = fields.text("path"), .text = {}, .append = {}, .mode = {}};
    fields.need_exactly_one({"text", "append"});
    file.text = fields.maybe_content("text");
    file.append = fields.maybe_text("append");
    read_mode(fields, file, problems);
    return file;
}

void read_sandbox(Fields& fields, SandboxDecl& sandbox, Problems& problems) {
    sandbox.private_folders = fields.maybe_texts("private");
    fields.each_table("file",
                      [&](Fields& file) { sandbox.files.push_back(read_file_of_sandbox(file, problems)); });
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
    root.table("sandbox", [&](Fields& fields) { read_sandbox(fields, scenario.sandbox, problems); });
    root.required_tables(
        "process", [&](Fields& fields) { scenario.processes.push_back(read_process(fields, problems)); });
}

}  // namespace rehang
