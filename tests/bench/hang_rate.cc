// How often a hang comes by itself, and how soon it is known.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "bare_tree.h"
#include "command.h"
#include "gdb_stacks.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

constexpr std::chrono::seconds usual_timeout{10};  // `timeout 10`

struct Hang {
    const char* scenario;
    // Nobody registers the fork handlers there anyway; otherwise we see to that.
    bool without_handlers = false;
    // Of the plain runs, one in so many is made in rehang: for what takes long and never comes out otherwise.
    int one_in = 1;
};
constexpr Hang hangs[] = {
    {.scenario = "daemonize-with-tcmalloc"},
    {.scenario = "daemonize-with-tcmalloc-threads"},
    {.scenario = "arm64-daemonize-with-tcmalloc", .without_handlers = true, .one_in = 10}};

struct Rate {
    int hangs = 0;
    std::optional<double> gdb_ms;  // for all stacks, of the first hang
};

// The scenario's program without its holds. The fork handlers are never registered here either: the function
// that does it is ours (programs/no_fork_handlers.c).
PlannedProcess without_fork_handlers(const Where& where, PlannedProcess process) {
    process.preload.insert(process.preload.begin(), where.programs + "/no_fork_handlers.so");
    return process;
}

Expected<void> run_once(const PlannedProcess& process, const std::string& folder, bool with_gdb, Rate& rate) {
    auto tree = BareTree::start(process, folder);
    if (!tree) return std::unexpected(std::move(tree.error()));
    if (tree->ends_within(usual_timeout)) return {};
    ++rate.hangs;
    if (rate.gdb_ms || !with_gdb) return {};
    const auto gdb = time_gdb(tree->alive());
    if (!gdb) return std::unexpected(gdb.error());
    rate.gdb_ms = *gdb;
    return {};
}

std::string known_by_gdb(const Rate& rate) {
    return rate.gdb_ms ? fmt::format("{:.1f} s", usual_timeout.count() + *rate.gdb_ms / 1000) : "-";
}

std::string known_by_proof(const nlohmann::json& runs) {
    std::vector<double> times;
    for (const auto& run : runs)
        if (run.at("role") == "scenario") times.push_back(run.at("timings_ms").at("total"));
    return fmt::format("{:.2f} s", median(std::move(times)) / 1000);
}

auto proven_hangs(const nlohmann::json& runs) {
    return std::ranges::count_if(
        runs, [](const auto& run) { return run.at("role") == "scenario" && run.at("proven") == true; });
}

}  // namespace

Expected<void> print_hang_rate(const Where& where, const std::string& folder, int repeat) {
    const bool with_gdb = run({"gdb", "--version"}).has_value();
    const auto entries = read_catalogue(where, Fakes::some);
    if (!entries) return std::unexpected(entries.error());
    std::vector<Row> rows;
    for (const Hang& hang : hangs) {
        const auto entry =
            std::ranges::find(*entries, hang.scenario,
                              [](const Entry& each) -> const std::string& { return each.plan.scenario; });
        if (entry == entries->end()) continue;
        const PlannedProcess& planned = entry->plan.processes.front();
        const auto process = hang.without_handlers ? planned : without_fork_handlers(where, planned);
        Rate bare;
        for (int i = 0; i < repeat; ++i)
            if (auto ran = run_once(process, folder, with_gdb, bare); !ran) return ran;
        const int in_rehang = std::max(repeat / hang.one_in, 1);
        const auto runs = run_rehang(where, entry->plan.file, entry->set, in_rehang);
        if (!runs) return std::unexpected(runs.error());
        rows.push_back({entry->label, fmt::format("{} of {}", bare.hangs, repeat),
                        fmt::format("{} of {}", proven_hangs(*runs), in_rehang), known_by_gdb(bare),
                        known_by_proof(*runs)});
    }
    fmt::print(
        "How often the hang comes, in {} plain runs without fork handlers and without holds, and in rehang; "
        "and "
        "how soon it is known, if it comes:\n"
        "by `timeout 10 PROGRAM` and gdb's stacks of all that is left, or by rehang's proof (median, from "
        "its "
        "start)\n\n{}\n",
        repeat, table({"scenario", "plain", "rehang", "timeout and gdb", "proof"}, rows));
    return {};
}

}  // namespace rehang::bench
