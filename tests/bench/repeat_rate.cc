// How many runs a second `rehang run --repeat` makes, next to what one does without it: a loop of
// `timeout 5 PROGRAM` in a shell.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "command.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

constexpr const char* tcmalloc = "libtcmalloc.so.4";

struct Repeated {
    double seconds = 0;
    long peak_kib = 0;
};

Expected<Repeated> repeat_rehang(const Where& where, int times) {
    const auto finished = run({where.rehang, "run", "--quiet", "--repeat", fmt::format("{}", times), "--jobs",
                               "2", "--set", fmt::format("tcmalloc={}", tcmalloc),
                               where.scenarios + "/allocator/daemonize-with-tcmalloc-threads.toml"});
    if (!finished) return std::unexpected(finished.error());
    if (finished->exit != 0)
        return std::unexpected(
            Error{.what = fmt::format("not all runs came out as expected: exit status {}", finished->exit),
                  .hint = {}});
    return Repeated{.seconds = finished->ms / 1000, .peak_kib = finished->peak_kib};
}

// Two at a time, too. The daemons that are left over have to go: here with their namespace, at the end.
Expected<std::pair<Repeated, long>> repeat_shell(const Where& where, int times) {
    const std::string program = std::filesystem::absolute(where.targets + "/daemonizer").string();
    const std::string no_handlers =
        std::filesystem::absolute(where.programs + "/no_fork_handlers.so").string();
    const std::string one = fmt::format("LD_PRELOAD=\"{} {}\" timeout 5 {} > /dev/null || echo hung",
                                        no_handlers, tcmalloc, program);
    const auto finished = run({"unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child",
                               "sh", "-c", fmt::format("seq {} | xargs -P 2 -I N sh -c '{}'", times, one)});
    if (!finished) return std::unexpected(finished.error());
    const long hangs = std::ranges::count(finished->output, '\n');
    return std::pair(Repeated{.seconds = finished->ms / 1000, .peak_kib = 0}, hangs);
}

}  // namespace

Expected<void> print_repeat_rate(const Where& where, const std::string&, int repeat) {
    const auto few = repeat_rehang(where, std::max(1, repeat / 10));
    if (!few) return std::unexpected(few.error());
    const auto all = repeat_rehang(where, repeat);
    if (!all) return std::unexpected(all.error());
    // Each of those that hang takes its 5 seconds: more of them would not say more.
    constexpr int most_in_shell = 200;
    const int in_shell = std::min(2 * repeat, most_in_shell);
    const auto shell = repeat_shell(where, in_shell);
    if (!shell) return std::unexpected(shell.error());
    const auto row = [](const std::string& name, int runs, long hangs, double seconds) {
        return Row{name, fmt::format("{}", runs), fmt::format("{}", hangs),
                   fmt::format("{:.0f}", runs / seconds),
                   fmt::format("{:.1f}", static_cast<double>(hangs) / seconds)};
    };
    const auto mib = [](long kib) { return static_cast<double>(kib) / 1024; };
    fmt::print(
        "daemonize-with-tcmalloc-threads, --repeat {} --jobs 2, half of the runs are controls that do not "
        "hang; "
        "and the bare program without fork handlers, two at a time, in a shell.\n"
        "The largest process of rehang has {:.1f} MiB after {} runs and {:.1f} MiB after {}.\n\n{}\n",
        repeat, mib(few->peak_kib), 2 * std::max(1, repeat / 10), mib(all->peak_kib), 2 * repeat,
        table({"", "runs", "hangs", "runs a second", "hangs a second"},
              {row("rehang run", 2 * repeat, repeat, all->seconds),
               row("xargs -P 2 timeout 5", in_shell, shell->second, shell->first.seconds)}));
    return {};
}

}  // namespace rehang::bench
