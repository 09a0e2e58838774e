#include <fmt/format.h>

#include <fstream>

#include "command.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

constexpr int calls_of_a_round = 2000;

std::string written(const std::string& folder, int rounds) {
    std::string file = fmt::format("{}/asked-{}.toml", folder, rounds);
    std::ofstream(file) << fmt::format(R"(format = 1
[scenario]
name    = "asked-calls"
summary = "every call is asked about"
timeout = "10min"
[[process]]
name = "loop"
argv = ["${{targets}}/syscall_loop", "{}", "{}"]
[[fault]]
name    = "fault"
process = "loop"
syscall = "getppid"
every   = 3
errno   = "EPERM"
[expect]
outcome = "exited"
)",
                                       rounds, calls_of_a_round);
    return file;
}

// The command's peak so far, in KiB.
Expected<Row> row_of(const Where& where, const std::string& folder, int rounds) {
    const auto finished = run({where.rehang, "run", "--quiet", "--json", "-", written(folder, rounds)});
    if (!finished) return std::unexpected(finished.error());
    const auto report = nlohmann::json::parse(finished->output, nullptr, false);
    if (finished->exit != 0 || report.is_discarded())
        return std::unexpected(
            Error{.what = fmt::format("the run with asked calls ended with {}", finished->exit), .hint = {}});
    const auto& fault = report["runs"][0]["faults"][0];
    return Row{fmt::format("{}", rounds * calls_of_a_round), fault["matched"].dump(), fault["fired"].dump(),
               fmt::format("{:.2f} s", finished->ms / 1e3),
               fmt::format("{:.1f} MiB", static_cast<double>(finished->peak_kib) / 1024)};
}

}  // namespace

Expected<void> print_million(const Where& where, const std::string& folder) {
    std::vector<Row> rows;
    for (const int rounds : {1, 500}) {
        const auto row = row_of(where, folder, rounds);
        if (!row) return std::unexpected(row.error());
        rows.push_back(*row);
    }
    fmt::print("Calls that the runner is asked about, every third of which fails.\n\n{}\n",
               table({"calls", "counted", "failed", "whole run", "largest process"}, rows));
    return {};
}

}  // namespace rehang::bench
