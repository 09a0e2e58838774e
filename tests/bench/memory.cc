#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "command.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

Expected<long> peak_of(const Where& where, const std::string& scenario, int runs) {
    const auto finished =
        run({where.rehang, "run", "--quiet", "--repeat", fmt::format("{}", runs), scenario});
    if (!finished) return std::unexpected(finished.error());
    if (finished->exit != 0)
        return std::unexpected(
            Error{.what = fmt::format("rehang run {} ended with {}", scenario, finished->exit), .hint = {}});
    return finished->peak_kib;
}

}  // namespace

// A hang with stacks and a cause, with its control: what a worker keeps from run to run is all used. The peak
// of the few runs is taken first: peaks only ever grow.
Expected<void> print_memory(const Where& where, const std::string&, int runs) {
    const std::string scenario = where.scenarios + "/libc/localtime-lock-at-fork.toml";
    const int few = std::max(1, runs / 10);
    const auto after_few = peak_of(where, scenario, few);
    if (!after_few) return std::unexpected(after_few.error());
    const auto after_all = peak_of(where, scenario, runs);
    if (!after_all) return std::unexpected(after_all.error());
    const auto mib = [](long kib) { return fmt::format("{:.1f} MiB", static_cast<double>(kib) / 1024); };
    fmt::print(
        "The largest process of rehang (localtime-lock-at-fork and its control in one worker).\n\n{}\n",
        table({"", fmt::format("{} runs", 2 * few), fmt::format("{} runs", 2 * runs), "ratio"},
              {{"resident", mib(*after_few), mib(*after_all),
                fmt::format("{:.2f}", static_cast<double>(*after_all) / static_cast<double>(*after_few))}}));
    return {};
}

}  // namespace rehang::bench
