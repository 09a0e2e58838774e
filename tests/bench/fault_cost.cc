#include <fmt/format.h>

#include <fstream>
#include <string>
#include <vector>

#include "loops.h"
#include "tables.h"

namespace rehang::bench {
namespace {

using Argv = std::vector<std::string>;

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
                       loop_rounds, loop_calls, fault);
}

Argv loop(const Where& where) {
    return {where.targets + "/syscall_loop", std::to_string(loop_rounds), std::to_string(loop_calls)};
}

// By a scenario that it writes first.
Argv rehang(const Where& where, const std::string& folder, const std::string& name, std::string_view fault) {
    const std::string file = fmt::format("{}/{}.toml", folder, name);
    std::ofstream(file) << scenario_text(fault);
    return {where.rehang, "run", "--json", "-", file};
}

Argv strace(const Where& where, std::vector<std::string> options) {
    Argv argv = {"strace", "-f", "-o", "/dev/null"};
    argv.insert(argv.end(), options.begin(), options.end());
    const Argv program = loop(where);
    argv.insert(argv.end(), program.begin(), program.end());
    return argv;
}

}  // namespace

Expected<void> print_fault_cost(const Where& where, const std::string& folder, int repeat) {
    const std::string failing = "syscall = \"getppid\"\nerrno = \"EPERM\"";
    const std::string inject = "inject=getppid:error=EPERM";
    if (auto printed = print_loops(
            "A system call that fails each time instead of being made (getppid)",
            {{"strace -e inject", strace(where, {"-e", "trace=getppid", "-e", inject})},
             {"strace --seccomp-bpf -e inject",
              strace(where, {"--seccomp-bpf", "-e", "trace=getppid", "-e", inject})},
             {"rehang, counted", rehang(where, folder, "counted", failing)},
             {"rehang, in_kernel", rehang(where, folder, "in-kernel", failing + "\nin_kernel = true")}},
            {{"ratio", 0}}, repeat);
        !printed)
        return printed;
    const std::string elsewhere = "syscall = \"chroot\"\nerrno = \"EPERM\"\noptional = true";
    const std::string other = "inject=chroot:error=EPERM";
    return print_loops("A system call that is not the one that fails (getppid)",
                       {{"native", loop(where)},
                        {"rehang", rehang(where, folder, "elsewhere", elsewhere)},
                        {"strace --seccomp-bpf -e inject",
                         strace(where, {"--seccomp-bpf", "-e", "trace=chroot", "-e", other})},
                        {"strace -e inject", strace(where, {"-e", "trace=chroot", "-e", other})}},
                       {{"ratio", 0}}, repeat);
}

}  // namespace rehang::bench
