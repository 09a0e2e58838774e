#include "diagnose/runner_knowledge.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/files.h"
#include "diagnose/asked_memory.h"

namespace rehang {
namespace {

void add_what_the_runner_knows(ThreadSnapshot& thread, const KnownProcess& known) {
    const auto found = std::ranges::find(known.threads, thread.tid, &KnownThread::tid);
    if (found == known.threads.end()) return;
    if (found->nth > 0) thread.nth = found->nth;
    thread.held_at = found->held_at;
    thread.waits_in = found->waits_in;
    if (found->stopped_by_signal && thread.state == 't') thread.state = 'T';
    // What was seen of a thread before the runner knew that it stays is past.
    const bool stays = thread.held_at || found->stopped_by_signal;
    thread.paused = found->paused || (!stays && thread.paused);
    thread.spin = found->spin;
}

bool is_still_as_it_was(pid_t pid, const spin::Spin& seen) {
    return std::ranges::all_of(seen.memory, [&](const spin::Piece& piece) {
        return read_memory(pid, piece.address, piece.bytes.size()) == piece.bytes;
    });
}

bool has_processor_limit(pid_t pid) {
    const std::string limits = read_file_or_empty(fmt::format("/proc/{}/limits", pid));
    constexpr std::string_view key = "Max cpu time";
    const size_t at = limits.find(key);
    if (at == std::string::npos) return true;
    const size_t value = limits.find_first_not_of(' ', at + key.size());
    return value == std::string::npos || !limits.substr(value).starts_with("unlimited");
}

}  // namespace

void add_what_the_runner_knows(Snapshot& snapshot, const Scope& scope) {
    for (ProcessSnapshot& process : snapshot.processes) {
        // Looked up from the end: should a pid have been used twice, the later process is meant.
        const auto known = std::ranges::find(scope.processes.rbegin(), scope.processes.rend(), process.pid,
                                             &KnownProcess::pid);
        if (known == scope.processes.rend()) continue;
        process.path = known->path;
        if (known->inner_pid > 0) process.inner_pid = known->inner_pid;
        process.alarm = process.alarm || known->alarm;
        process.exit_status = known->exit_status;
        process.limited_processor_time = known->processor_timer;
        for (ThreadSnapshot& thread : process.threads) add_what_the_runner_knows(thread, *known);
        std::ranges::sort(process.threads, {}, &ThreadSnapshot::nth);
    }
}

// An endless loop stays one only as long as the memory that it reads stays as it was.
void check_spins(Snapshot& snapshot) {
    for (ProcessSnapshot& process : snapshot.processes)
        for (ThreadSnapshot& thread : process.threads) {
            if (!thread.spin) continue;
            if (thread.spin->endless && !is_still_as_it_was(process.pid, *thread.spin)) thread.spin = nullptr;
            process.limited_processor_time =
                process.limited_processor_time || has_processor_limit(process.pid);
        }
}

}  // namespace rehang
