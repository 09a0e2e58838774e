#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "command.h"
#include "table.h"
#include "tables.h"

namespace rehang::bench {
namespace {

// Many short rounds: on a busy machine, one of them is not disturbed.
constexpr int rounds = 800;
constexpr int calls = 50;

// A loop of getppid, and one fault.
std::string scenario_text(std::string_view fault) {
    return fmt::format(R"(format = 1
[scenario]
name    = "faulty-calls"
summary = "a program that makes one system call after the other"
timeout = "5min"
[[process]]
name = "loop"
argv = ["${{targets}}/syscall_loop", "{}", "{}"]
[[fault]]
name    = "fault"
process = "loop"
{}
[expect]
outcome = "exited"
)",
                       rounds, calls, fault);
}

using Argv = std::vector<std::string>;

// A way to run the loop, and what it costs there.
struct Way {
    std::string name;
    Argv before;           // the words before the program …
    std::string scenario;  // … or a scenario that runs it
    std::vector<double> ns = {};
};

// The loop's own clock, so that nothing of the start is in it.
Expected<double> cost(const Where& where, const Way& way, bool one_processor) {
    Argv argv = one_processor ? Argv{"taskset", "--cpu-list", std::to_string(::sched_getcpu())} : Argv{};
    const Argv loop = {where.targets + "/syscall_loop", std::to_string(rounds), std::to_string(calls)};
    const Argv rehang = {where.rehang, "run", "--json", "-", way.scenario};
    const Argv& rest = way.scenario.empty() ? loop : rehang;
    argv.insert(argv.end(), way.before.begin(), way.before.end());
    argv.insert(argv.end(), rest.begin(), rest.end());
    const auto finished = run(argv);
    if (!finished) return std::unexpected(finished.error());
    // In the report, or printed: the only number before " ns".
    const size_t end = finished->output.find(" ns");
    const size_t begin =
        end == std::string::npos ? end : finished->output.find_last_not_of("0123456789.", end - 1);
    if (finished->exit != 0 || end == std::string::npos)
        return std::unexpected(Error{
            .what = fmt::format("{}: ended with {} and no time", way.name, finished->exit), .hint = {}});
    return std::stod(finished->output.substr(begin + 1));
}

Expected<void> print(const Where& where, std::string_view title, std::vector<Way> ways, int repeat) {
    std::vector<Row> lines;
    std::map<bool, std::vector<double>> least;
    for (const bool one_processor : {false, true}) {
        for (Way& way : ways) way.ns.clear();
        for (int i = 0; i < repeat; ++i) {
            for (Way& way : ways) {
                const auto ns = cost(where, way, one_processor);
                if (!ns) return std::unexpected(ns.error());
                way.ns.push_back(*ns);
            }
        }
        for (const Way& way : ways) least[one_processor].push_back(std::ranges::min(way.ns));
    }
    for (size_t i = 0; i < ways.size(); ++i) {
        Row line = {ways[i].name};
        for (const bool one_processor : {false, true}) {
            line.push_back(fmt::format("{:.0f} ns", least[one_processor][i]));
            line.push_back(fmt::format("{:.3f}", least[one_processor][i] / least[one_processor].front()));
        }
        lines.push_back(std::move(line));
    }
    fmt::print("{}, least of {} rounds in turns.\n\n{}\n", title, repeat,
               table({"", "all processors", "ratio", "one", "ratio"}, lines));
    return {};
}

std::string written(const std::string& folder, const std::string& name, std::string_view fault) {
    std::string file = fmt::format("{}/{}.toml", folder, name);
    std::ofstream(file) << scenario_text(fault);
    return file;
}

Argv strace(std::vector<std::string> options) {
    Argv argv = {"strace", "-f", "-o", "/dev/null"};
    argv.insert(argv.end(), options.begin(), options.end());
    return argv;
}

}  // namespace

Expected<void> print_fault_cost(const Where& where, const std::string& folder, int repeat) {
    const std::string counted = written(folder, "counted", "syscall = \"getppid\"\nerrno = \"EPERM\"");
    const std::string in_kernel =
        written(folder, "in-kernel", "syscall = \"getppid\"\nerrno = \"EPERM\"\nin_kernel = true");
    const std::string elsewhere =
        written(folder, "elsewhere", "syscall = \"chroot\"\nerrno = \"EPERM\"\noptional = true");
    const std::string inject = "inject=getppid:error=EPERM";
    if (auto printed = print(where, "A system call that fails each time instead of being made (getppid)",
                             {{.name = "strace -e inject",
                               .before = strace({"-e", "trace=getppid", "-e", inject}),
                               .scenario = {}},
                              {.name = "strace --seccomp-bpf -e inject",
                               .before = strace({"--seccomp-bpf", "-e", "trace=getppid", "-e", inject}),
                               .scenario = {}},
                              {.name = "rehang, counted", .before = {}, .scenario = counted},
                              {.name = "rehang, in_kernel", .before = {}, .scenario = in_kernel}},
                             repeat);
        !printed)
        return printed;
    const std::string other = "inject=chroot:error=EPERM";
    return print(
        where, "A system call that is not the one that fails (getppid)",
        {{.name = "native", .before = {}, .scenario = {}},
         {.name = "rehang", .before = {}, .scenario = elsewhere},
         {.name = "strace --seccomp-bpf -e inject",
          .before = strace({"--seccomp-bpf", "-e", "trace=chroot", "-e", other}),
          .scenario = {}},
         {.name = "strace -e inject", .before = strace({"-e", "trace=chroot", "-e", other}), .scenario = {}}},
        repeat);
}

}  // namespace rehang::bench
