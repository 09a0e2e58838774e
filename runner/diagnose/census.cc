#include "diagnose/census.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/files.h"
#include "diagnose/proc_files.h"

namespace rehang {
namespace {

// The state is read before the count. Equal counts in two censuses then mean that the thread was not on a CPU
// from the first count to the second one, and the second state, read in between, that nobody had woken it
// either.
std::optional<CensusThread> look_at_thread(pid_t pid, pid_t tid) {
    const auto stat = proc::parse_stat(read_record(fmt::format("/proc/{}/task/{}/stat", pid, tid)));
    const auto run_count = proc::read_run_count(pid, tid);
    if (!run_count || !stat) return std::nullopt;
    return CensusThread{.tid = tid,
                        .state = stat->state,
                        .run_count = *run_count,
                        .faults = stat->faults,
                        .name = stat->comm,
                        .start_time = stat->start_time};
}

std::vector<pid_t> thread_ids(pid_t pid) {
    return proc::numbers_in(fmt::format("/proc/{}/task", pid)).value_or(std::vector<pid_t>());
}

pid_t parent_of(pid_t pid) {
    const auto stat = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", pid)));
    return stat ? stat->parent : 0;
}

bool is_in(const Census& census, pid_t pid) {
    return std::ranges::find(census.processes, pid, &CensusProcess::pid) != census.processes.end();
}

// False: a thread vanished meanwhile.
bool look_at_threads(CensusProcess& process, const std::vector<pid_t>& tids) {
    bool complete = true;
    for (const pid_t tid : tids) {
        if (auto thread = look_at_thread(process.pid, tid))
            process.threads.push_back(std::move(*thread));
        else
            complete = false;
    }
    // The main thread first: tids may have wrapped around.
    std::ranges::stable_sort(process.threads, {}, [&](const CensusThread& thread) {
        return std::pair(thread.tid != process.pid, thread.start_time);
    });
    return complete;
}

bool is_unchanged(const CensusProcess& process) {
    CensusProcess now = {.pid = process.pid, .parent = process.parent, .threads = {}};
    return look_at_threads(now, thread_ids(process.pid)) && now == process;
}

void add_process(Census& census, pid_t pid, pid_t parent) {
    if (is_in(census, pid)) return;  // below two roots
    const std::vector<pid_t> tids = thread_ids(pid);
    // Children first: were a parent to end after this, it would not be asleep below, and the census no proof.
    const std::vector<pid_t> children = proc::children_of(pid, tids);
    CensusProcess process = {.pid = pid, .parent = parent, .threads = {}};
    if (!look_at_threads(process, tids)) census.complete = false;
    if (process.threads.empty())
        census.complete = false;
    else
        census.processes.push_back(std::move(process));
    for (const pid_t child : children) add_process(census, child, pid);
}

}  // namespace

Census take_census(const std::vector<pid_t>& roots, Roots themselves) {
    Census census;
    for (const pid_t root : roots) {
        if (themselves == Roots::count)
            add_process(census, root, parent_of(root));
        else
            for (const pid_t child : proc::children_of(root, thread_ids(root)))
                add_process(census, child, root);
    }
    std::ranges::sort(census.processes, {}, [](const CensusProcess& process) {
        return std::pair(process.threads.front().start_time, process.pid);
    });
    return census;
}

Census take_census(const std::vector<pid_t>& roots, Roots themselves, const Census& last) {
    // A running thread may have got a child without a change of its counts.
    const bool same =
        all_sleep(last) && !last.processes.empty() && std::ranges::all_of(last.processes, is_unchanged);
    return same ? last : take_census(roots, themselves);
}

const CensusThread* find_thread(const Census& census, pid_t tid) {
    for (const CensusProcess& process : census.processes)
        if (const auto found = std::ranges::find(process.threads, tid, &CensusThread::tid);
            found != process.threads.end())
            return &*found;
    return nullptr;
}

bool sleeps(const CensusThread& thread) {
    constexpr std::string_view asleep =
        "SDTtZ";  // proc(5): interruptible, in the kernel, stopped, traced, ended
    return asleep.contains(thread.state);
}

bool all_sleep(const Census& census) {
    return census.complete && std::ranges::all_of(census.processes, [&](const CensusProcess& process) {
               return std::ranges::all_of(process.threads, sleeps);
           });
}

}  // namespace rehang
