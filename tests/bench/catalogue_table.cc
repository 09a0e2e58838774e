#include <fmt/format.h>

#include <optional>

#include "bare_tree.h"
#include "command.h"
#include "gdb_stacks.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

constexpr double usual_timeout_ms = 5000;  // `timeout 5`: what stands in most test scripts

struct BareCost {
    double ms = 0;
    bool ended = false;
    std::optional<double> gdb_ms;  // for the stacks of all processes that are left; nothing: none, or no gdb
};

Expected<BareCost> measure_bare(const Plan& plan, const std::string& folder, bool with_gdb) {
    auto tree = BareTree::start(plan.processes.front(), folder);
    if (!tree) return std::unexpected(std::move(tree.error()));
    const BareTree::Rest rest = tree->rest();
    BareCost cost{.ms = rest.ms, .ended = rest.ended, .gdb_ms = {}};
    if (with_gdb) {
        const auto gdb = time_gdb(tree->alive());
        if (!gdb) return std::unexpected(gdb.error());
        cost.gdb_ms = *gdb;
    }
    return cost;
}

// The first run also pays for gdb; the time is the median of all.
Expected<BareCost> measure_bare(const Plan& plan, const std::string& folder, int repeat, bool with_gdb) {
    auto cost = measure_bare(plan, folder, with_gdb);
    if (!cost) return cost;
    std::vector<double> times = {cost->ms};
    for (int i = 1; i < repeat; ++i) {
        const auto again = measure_bare(plan, folder, false);
        if (!again) return again;
        times.push_back(again->ms);
    }
    cost->ms = median(times);
    return cost;
}

double median_time(const nlohmann::json& runs, std::string_view role, const char* part) {
    std::vector<double> times;
    for (const auto& run : runs)
        if (run.at("role") == role) times.push_back(run.at("timings_ms").at(part));
    return median(std::move(times));
}

std::string ms_text(double ms) {
    return fmt::format("{:.1f} ms", ms);
}

Row row_of(const Entry& entry, const BareCost& bare, const nlohmann::json& runs) {
    const double whole = median_time(runs, "scenario", "total");
    const double today = usual_timeout_ms + bare.gdb_ms.value_or(0);
    return {entry.label,
            fmt::format("{} {}", bare.ended ? "ends" : "stuck", ms_text(bare.ms)),
            ms_text(median_time(runs, "scenario", "proof")),
            ms_text(whole),
            ms_text(median_time(runs, "control", "total")),
            bare.gdb_ms ? ms_text(*bare.gdb_ms) : "-",
            ms_text(today),
            fmt::format("{:.0f} x", today / whole)};
}

}  // namespace

Expected<void> print_catalogue(const Where& where, const std::string& folder, int repeat) {
    const bool with_gdb = run({"gdb", "--version"}).has_value();
    const auto entries = read_catalogue(where);
    if (!entries) return std::unexpected(entries.error());
    std::vector<Row> rows;
    for (const Entry& entry : *entries) {
        const auto bare = measure_bare(entry.plan, folder, repeat, with_gdb);
        if (!bare) return std::unexpected(bare.error());
        const auto runs = run_rehang(where, entry.plan.file, entry.set, repeat);
        if (!runs) return std::unexpected(runs.error());
        rows.push_back(row_of(entry, *bare, *runs));
    }
    fmt::print(
        "Each scenario, median of {} runs.\n"
        "bare: the program by itself, until it ends or nothing moves any more\n"
        "today: `timeout 5 PROGRAM`, then `gdb -batch -p PID -ex 'thread apply all bt'` on each process that "
        "it leaves\n\n{}\n",
        repeat,
        table({"scenario", "bare", "last point to proof", "whole run", "control", "gdb stacks", "today",
               "today / run"},
              rows));
    return {};
}

}  // namespace rehang::bench
