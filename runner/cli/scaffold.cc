// rehang scaffold PID|BACKTRACE: a first scenario for a hang that was seen.
#include "scaffold/scaffold.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/json_file.h"
#include "cli/load.h"
#include "diagnose/census.h"
#include "live/access.h"
#include "live/live_tree.h"
#include "live/roots.h"
#include "match/backtrace.h"
#include "replay/host_libraries.h"

namespace rehang {
namespace {

bool is_pid(const std::string& text) {
    return !text.empty() && text.size() < 8 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Texts that end with a zero byte, or at one of these.
std::vector<std::string> parts(std::string_view text, std::string_view separators) {
    std::vector<std::string> all;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find_first_of(separators));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        if (!part.empty() || separators.front() == '\0') all.emplace_back(part);
    }
    return all;
}

constexpr std::string_view zero("\0", 1);

Started how_started(pid_t pid) {
    Started started;
    started.argv = parts(read_file_or_empty(fmt::format("/proc/{}/cmdline", pid)), zero);
    constexpr std::string_view preload = "LD_PRELOAD=";
    for (const std::string& variable : parts(read_file_or_empty(fmt::format("/proc/{}/environ", pid)), zero))
        if (variable.starts_with(preload)) started.preload = parts(variable.substr(preload.size()), " :");
    return started;
}

std::string program_of(pid_t pid) {
    std::error_code error;
    return std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), error).string();
}

struct Seen {
    Sighting sighting;
    Started started;
};

// Of those that it is connected to the ones that run the same program, and do not descend from it.
std::vector<pid_t> others_of(const std::string& program, pid_t pid) {
    std::vector<pid_t> others;
    if (program.empty()) return others;
    const Census census = take_census(roots_of({pid}, Tree::related), Roots::count);
    std::set<pid_t> below = {pid};  // parents come before their children
    for (const CensusProcess& process : census.processes) {
        if (below.contains(process.parent))
            below.insert(process.pid);
        else if (process.pid != pid && program_of(process.pid) == program)
            others.push_back(process.pid);
    }
    return others;
}

// With those: a daemon is not its parent's child any more.
Expected<Seen> look_at(pid_t pid) {
    if (auto may = may_look_into(pid); !may) return std::unexpected(std::move(may.error()));
    constexpr auto at_most = std::chrono::milliseconds(250);
    const volatile bool never = false;
    elf::Files files;
    const std::string program = program_of(pid);
    std::vector<pid_t> roots = {pid};
    std::ranges::copy(others_of(program, pid), std::back_inserter(roots));
    LiveTree tree(roots, fmt::format("{} (pid {})", file_name(program), pid), files);
    tree.look(at_most, never);
    Seen seen{.sighting = sighting_of(tree.report()), .started = how_started(pid)};
    for (SeenProcess& process : seen.sighting.processes)
        if (process.program.empty()) process.program = program_of(static_cast<pid_t>(process.pid));
    // The process that was named comes first.
    std::ranges::stable_partition(seen.sighting.processes,
                                  [&](const SeenProcess& p) { return p.pid == pid; });
    return seen;
}

Expected<Seen> read_from(const std::string& file) {
    auto text = read_file(file == "-" ? "/dev/stdin" : file);
    if (!text) return misuse(text.error().what);
    Seen seen{.sighting = read_backtrace(*text, std::string(file_name(file))), .started = {}};
    if (seen.sighting.processes.empty())
        return misuse(fmt::format("there is no stack in {}", file),
                      "a pid is wanted, or what gdb's `thread apply all bt` prints");
    return seen;
}

}  // namespace

ExitCode scaffold(const Arguments& arguments) {
    auto seen = is_pid(arguments.seen) ? look_at(std::stoi(arguments.seen)) : read_from(arguments.seen);
    if (!seen) {
        print_error(seen.error());
        return exit_code_of(seen.error());
    }
    // Not before there is something to write: no empty file is left.
    auto output = OutputFile::open(arguments.output.empty() ? "-" : arguments.output);
    if (!output) {
        print_error(output.error());
        return exit_code_of(output.error());
    }
    elf::Files files;
    const HostLibraries libraries(files);
    PlannedProcess process;
    process.argv = seen->started.argv;
    process.preload = seen->started.preload;
    const FunctionsOf functions_of = [&](const std::string& module) {
        const auto file = libraries.find(module, process);
        return file ? libraries.functions(*file) : std::vector<std::string>();
    };
    const auto written = output->write(scaffold(seen->sighting, seen->started, functions_of));
    if (written) return ExitCode::as_expected;
    if (arguments.output.empty() || arguments.output == "-") return ExitCode::closed_output;
    print_error(written.error());
    return ExitCode::failed;
}

}  // namespace rehang
