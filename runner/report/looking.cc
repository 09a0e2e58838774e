#include "report/looking.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/text_layout.h"

namespace rehang {
namespace {

const DiagnosedThread* innermost_in(const RunReport& report, const DiagnosedProcess& process) {
    if (process.path != report.innermost.process) return nullptr;
    const auto thread = std::ranges::find(process.threads, report.innermost.nth, &DiagnosedThread::nth);
    return thread == process.threads.end() ? nullptr : &*thread;
}

}  // namespace

const DiagnosedProcess* process_to_look_at(const RunReport& report) {
    const DiagnosedProcess* found = nullptr;
    for (const DiagnosedProcess& process : report.processes) {
        if (process.state != "running") continue;
        if (process.path == report.innermost.process) return &process;
        if (!found) found = &process;
    }
    return found;
}

std::vector<const DiagnosedProcess*> processes_to_look_at(const RunReport& report) {
    std::vector<const DiagnosedProcess*> found;
    const DiagnosedProcess* const first = process_to_look_at(report);
    if (first) found.push_back(first);
    for (const DiagnosedProcess& process : report.processes)
        if (process.state == "running" && &process != first) found.push_back(&process);
    return found;
}

Command gdb_inside(const DiagnosedProcess& process, const Command& options) {
    Command command = {
        "nsenter", "-t", std::to_string(process.pid),      "-U", "--preserve-credentials", "-m", "-p", "gdb",
        "-q",      "-p", std::to_string(process.inner_pid)};
    command.insert(command.end(), options.begin(), options.end());
    return command;
}

Command select_innermost(const RunReport& report, const DiagnosedProcess& process) {
    const DiagnosedThread* const thread = innermost_in(report, process);
    if (!thread || thread->nth == 1) return {};  // gdb starts at the main thread
    return {"-ex",
            fmt::format("python [t.switch() for t in gdb.selected_inferior().threads() if t.ptid[1] == {}]",
                        thread->inner_tid)};
}

Command diagnose_left(const RunReport& report) {
    const auto left = processes_to_look_at(report);
    Command command = {"rehang", "diagnose"};
    for (const DiagnosedProcess* const process : left)
        if (std::ranges::find(left, process->parent, &DiagnosedProcess::pid) == left.end())
            command.push_back(std::to_string(process->pid));
    return command;
}

std::string gdb_banner(const RunReport& report, const DiagnosedProcess& process, const TextStyle& style) {
    std::string text = render_line(report, style) + '\n';
    for (const std::string& sentence : report.explanation) text += wrapped("  ", sentence, style);
    const DiagnosedThread* const thread = innermost_in(report, process);
    const std::string where = thread ? fmt::format("{}, pid {}, at its {}", process.path, process.inner_pid,
                                                   thread->nth == 1 ? "main thread" : thread->role)
                                     : fmt::format("{}, pid {}", process.path, process.inner_pid);
    text += '\n' +
            wrapped("gdb: ",
                    fmt::format("{}. `bt` shows where it stands, `thread apply all bt` where all threads of "
                                "the process do. With gdb the run ends.",
                                where),
                    style);
    return text + '\n';
}

std::string typed(const Command& command) {
    std::string text;
    for (const std::string& word : command) {
        const bool plain = word.find_first_of(" \t'\"\\$`*?[](){}<>|&;!#~=") == std::string::npos;
        if (!text.empty()) text += ' ';
        text += plain ? word : "'" + word + "'";  // no word of ours has a ' in it
    }
    return text;
}

}  // namespace rehang
