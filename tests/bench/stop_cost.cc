#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "command.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

constexpr int rounds = 10;
constexpr int calls = 2000;

// The point is reached at a call that the loop never comes to: every call stops, and goes on.
std::string scenario_text(std::string_view point) {
    return fmt::format(R"(format = 1
[scenario]
name    = "stopped-calls"
summary = "a program whose every call stops for the runner"
timeout = "5min"
[[process]]
name = "loop"
argv = ["${{targets}}/syscall_loop", "{}", "{}"]
[point.never]
process = "loop"
enter   = "syscall:{}"
nth     = 2000000000
[expect]
outcome = "exited"
)",
                       rounds, calls, point);
}

Expected<double> cpu_of_run(const Where& where, const std::string& file) {
    const auto finished = run({where.rehang, "run", "--quiet", file});
    if (!finished) return std::unexpected(finished.error());
    if (finished->exit != 0)
        return std::unexpected(
            Error{.what = fmt::format("rehang run {} ended with {}", file, finished->exit), .hint = {}});
    return finished->cpu_ms;
}

}  // namespace

// The same run with calls that stop and with calls that do not, in turns: the difference is what the stops
// cost the runner and the kernel together.
Expected<void> print_stop_cost(const Where& where, const std::string& folder, int repeat) {
    const std::string stopping = folder + "/stopping.toml", passing = folder + "/passing.toml";
    std::ofstream(stopping) << scenario_text("getppid");
    std::ofstream(passing) << scenario_text("chroot");
    std::vector<double> differences;
    for (int i = 0; i < repeat; ++i) {
        const auto with = cpu_of_run(where, stopping);
        if (!with) return std::unexpected(with.error());
        const auto without = cpu_of_run(where, passing);
        if (!without) return std::unexpected(without.error());
        differences.push_back((*with - *without) * 1e3 / (rounds * calls));
    }
    fmt::print(
        "A system call that stops for the runner each time ({} calls, {} rounds), processor time that it "
        "adds.\n\n{}\n",
        rounds * calls, repeat,
        table({"", "least", "median"}, {{"getppid", fmt::format("{:.1f} µs", std::ranges::min(differences)),
                                         fmt::format("{:.1f} µs", median(differences))}}));
    return {};
}

}  // namespace rehang::bench
