#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "command.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

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

}  // namespace

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

}  // namespace rehang::bench
