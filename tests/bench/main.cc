// What rehang costs, next to the bare programs and to what people do without it. Prints tables; judges
// nothing.
//
//   rehang_bench --rehang PROGRAM --targets FOLDER --scenarios FOLDER [--repeat N]
#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "bare_tree.h"
#include "catalogue.h"
#include "command.h"
#include "table.h"

namespace rehang::bench {
namespace {

constexpr double usual_timeout_ms = 5000;  // `timeout 5`: what stands in most test scripts

// A folder of our own below /tmp, gone at the end.
class ScratchFolder {
  public:
    ScratchFolder() {
        char name[] = "/tmp/rehang-bench-XXXXXX";
        REHANG_CHECK(mkdtemp(name) != nullptr);
        path_ = name;
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// --- catalogue
// -----------------------------------------------------------------------------------------------

struct BareCost {
    double ms = 0;
    bool ended = false;
    std::optional<double>
        gdb_ms;  // stacks of all processes that are left; nothing: none was, or there is no gdb
};

Expected<std::optional<double>> time_gdb(const std::vector<pid_t>& pids) {
    double ms = 0;
    for (const pid_t pid : pids) {
        const auto gdb = run({"gdb", "-batch", "-p", std::to_string(pid), "-ex", "thread apply all bt"},
                             Complaints::dropped);
        if (!gdb) return std::unexpected(gdb.error());
        ms += gdb->ms;
    }
    return pids.empty() ? std::nullopt : std::optional(ms);
}

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

Expected<void> print_catalogue(const Where& where, const std::string& folder, int repeat) {
    const bool with_gdb = run({"gdb", "--version"}, Complaints::dropped).has_value();
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
        "Each scenario, median of {} runs. Bare: the program by itself, until it ends or nothing moves. "
        "Today: "
        "`timeout 5`, then\n`gdb -batch -p PID -ex 'thread apply all bt'` on each process that the bare "
        "program leaves.\n\n{}\n",
        repeat,
        table({"scenario", "bare", "last point to proof", "whole run", "control", "gdb stacks", "today",
               "today / run"},
              rows));
    return {};
}

// --- system calls that no point names
// ------------------------------------------------------------------------

// The point makes the runner install a filter, as most scenarios do; the loop never makes that call.
constexpr std::string_view loop_scenario = R"(format = 1
[scenario]
name    = "syscall-loop"
summary = "a program whose system calls no point names"
[[process]]
name = "loop"
argv = ["${targets}/syscall_loop"]
[point.elsewhere]
process = "loop"
enter   = "syscall:chroot"
[expect]
outcome = "exited"
)";

Expected<double> cost_in(const std::string& output) {
    try {
        return std::stod(output);
    } catch (const std::exception&) {
        return std::unexpected(Error{.kind = Error::Kind::failed,
                                     .what = fmt::format("syscall_loop printed \"{}\" and no time", output),
                                     .hint = {}});
    }
}

Expected<double> native_cost(const Where& where) {
    const auto finished = run({where.targets + "/syscall_loop"});
    if (!finished) return std::unexpected(finished.error());
    return cost_in(finished->output);
}

Expected<double> supervised_cost(const Where& where, const std::string& scenario) {
    const auto runs = run_rehang(where, scenario, {}, 1);
    if (!runs) return std::unexpected(runs.error());
    return cost_in(runs->at(0).at("streams").at(0).at("stdout"));
}

// In turns, so that both meet the same machine; the least of each is what the call itself costs.
Expected<void> print_syscall_cost(const Where& where, const std::string& folder, int repeat) {
    const std::string scenario = folder + "/syscall-loop.toml";
    std::ofstream(scenario) << loop_scenario;
    std::vector<double> native, supervised;
    for (int i = 0; i < repeat; ++i) {
        const auto bare = native_cost(where);
        if (!bare) return std::unexpected(bare.error());
        const auto inside = supervised_cost(where, scenario);
        if (!inside) return std::unexpected(inside.error());
        native.push_back(*bare);
        supervised.push_back(*inside);
    }
    const double least_native = std::ranges::min(native), least_supervised = std::ranges::min(supervised);
    fmt::print(
        "A system call that no point names (getppid), least of {} rounds each.\n\n{}\n", repeat,
        table({"", "native", "in rehang", "ratio"},
              {{"getppid", fmt::format("{:.0f} ns", least_native), fmt::format("{:.0f} ns", least_supervised),
                fmt::format("{:.2f}", least_supervised / least_native)}}));
    return {};
}

Expected<void> print_all(const Where& where, int repeat) {
    const ScratchFolder folder;
    if (auto printed = print_catalogue(where, folder.path(), repeat); !printed) return printed;
    return print_syscall_cost(where, folder.path(), std::min(repeat, 5));
}

}  // namespace
}  // namespace rehang::bench

int main(int argc, char** argv) {
    rehang::bench::Where where;
    int repeat = 20;
    CLI::App app("What rehang costs, in tables");
    app.add_option("--rehang", where.rehang, "The rehang program")->required()->check(CLI::ExistingFile);
    app.add_option("--targets", where.targets, "Folder of the stand-in programs")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("--scenarios", where.scenarios, "Folder of the catalogue")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("--repeat", repeat, "Runs of each")->check(CLI::PositiveNumber)->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    const auto printed = rehang::bench::print_all(where, repeat);
    if (printed) return 0;
    fmt::print(stderr, "rehang_bench: {}\n", printed.error().what);
    if (!printed.error().hint.empty()) fmt::print(stderr, "  {}\n", printed.error().hint);
    return 3;
}
