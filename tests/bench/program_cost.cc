#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>

#include "command.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

using Argv = std::vector<std::string>;

struct Program {
    std::string name;
    Argv argv;
};

// Neither program makes the call that fails.
std::string written(const std::string& folder, const Program& program) {
    std::string file = fmt::format("{}/{}.toml", folder, program.name);
    std::ofstream(file) << fmt::format(R"(format = 1
[scenario]
name    = "{}"
summary = "a program of many system calls, with a fault on another one"
timeout = "5min"
[[process]]
name = "program"
argv = ["{}"]
[[fault]]
name     = "fault"
process  = "program"
syscall  = "chroot"
errno    = "EPERM"
optional = true
[expect]
outcome = "exited"
)",
                                       program.name, fmt::join(program.argv, "\", \""));
    return file;
}

Argv strace(const Argv& options, const Program& program) {
    Argv argv = {"strace", "-f", "-o", "/dev/null", "-e", "trace=chroot", "-e", "inject=chroot:error=EPERM"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), program.argv.begin(), program.argv.end());
    return argv;
}

Expected<double> ms_of(const Argv& argv) {
    const auto finished = run(argv);
    if (!finished) return std::unexpected(finished.error());
    if (finished->exit != 0)
        return std::unexpected(
            Error{.what = fmt::format("{} ended with {}", fmt::join(argv, " "), finished->exit), .hint = {}});
    return finished->ms;
}

Expected<Row> measured(const Where& where, const std::string& folder, const Program& program, int repeat) {
    const std::vector<Argv> ways = {program.argv,
                                    {where.rehang, "run", "--quiet", written(folder, program)},
                                    strace({"--seccomp-bpf"}, program),
                                    strace({}, program)};
    if (auto warm = ms_of(program.argv); !warm) return std::unexpected(warm.error());
    std::vector<double> least(ways.size(), 1e12);
    for (int i = 0; i < repeat; ++i) {
        for (size_t way = 0; way < ways.size(); ++way) {
            const auto ms = ms_of(ways[way]);
            if (!ms) return std::unexpected(ms.error());
            least[way] = std::min(least[way], *ms);
        }
    }
    Row row = {program.name};
    for (const double ms : least)
        row.push_back(fmt::format("{:.2f} s ({:.2f})", ms / 1e3, ms / least.front()));
    return row;
}

}  // namespace

Expected<void> print_program_cost(const Where& where, const std::string& folder, int repeat) {
    std::vector<Row> rows;
    for (const Program& program :
         {Program{.name = "find", .argv = {"find", "/usr", "-type", "p"}},
          Program{.name = "million-calls", .argv = {where.targets + "/syscall_loop", "500", "2000"}}}) {
        const auto row = measured(where, folder, program, repeat);
        if (!row) return std::unexpected(row.error());
        rows.push_back(*row);
    }
    fmt::print(
        "Programs that never make the call that fails (find over /usr; a million getppid), whole runs, least "
        "of {} rounds in turns.\n\n{}\n",
        repeat,
        table({"", "native", "rehang", "strace -f --seccomp-bpf -e inject", "strace -f -e inject"}, rows));
    return {};
}

}  // namespace rehang::bench
