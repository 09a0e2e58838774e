#include "live/notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "diagnose/proc_files.h"

namespace rehang {
namespace {

// "[<0>] folio_wait_bit_common+0x136/0x330" a line: the innermost functions' names (proc(5)).
std::string kernel_stack(const std::string& task) {
    constexpr size_t most = 4;
    const std::string text = read_file_or_empty(task + "/stack");
    std::vector<std::string_view> names;
    for (size_t at = 0; names.size() < most && (at = text.find("] ", at)) != std::string::npos;) {
        at += 2;
        names.push_back(std::string_view(text).substr(at, text.find_first_of("+\n", at) - at));
    }
    return fmt::format("{}", fmt::join(names, " ← "));
}

std::string place_in_kernel(pid_t pid, pid_t tid) {
    const std::string task = fmt::format("/proc/{}/task/{}", pid, tid);
    std::string place = kernel_stack(task);
    if (place.empty()) place = read_file_or_empty(task + "/wchan");
    return place == "0" ? "" : place;
}

std::string name_of(const DiagnosedProcess& process, const DiagnosedThread& thread) {
    return thread.nth == 1 ? process.path : fmt::format("{} {}", process.path, thread.role);
}

std::string parent_name(const Diagnosis& diagnosis, pid_t parent) {
    const auto known = std::ranges::find(diagnosis.processes, parent, &DiagnosedProcess::pid);
    if (known != diagnosis.processes.end()) return known->path;
    const auto stat = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", parent)));
    return fmt::format("{} (pid {})", stat ? stat->comm : "its parent", parent);
}

}  // namespace

std::vector<std::string> tell_uninterruptible(const Diagnosis& diagnosis) {
    std::vector<std::string> sentences;
    for (const DiagnosedProcess& process : diagnosis.processes)
        for (const DiagnosedThread& thread : process.threads) {
            const auto stat = proc::parse_stat(
                read_file_or_empty(fmt::format("/proc/{}/task/{}/stat", process.pid, thread.tid)));
            if (!stat || stat->state != 'D') continue;
            const std::string place = place_in_kernel(process.pid, thread.tid);
            sentences.push_back(fmt::format(
                "{} is in uninterruptible sleep (state D){}: it waits for the kernel, for a device or a lock "
                "there, and no signal reaches it.",
                name_of(process, thread), place.empty() ? "" : ", in " + place));
        }
    return sentences;
}

std::vector<std::string> tell_ended(const Diagnosis& diagnosis) {
    std::vector<std::string> sentences;
    for (const DiagnosedProcess& process : diagnosis.processes)
        if (process.state == "zombie")
            sentences.push_back(fmt::format("{} has ended and stays a zombie: {} has not waited for it.",
                                            process.path, parent_name(diagnosis, process.parent)));
    return sentences;
}

}  // namespace rehang
