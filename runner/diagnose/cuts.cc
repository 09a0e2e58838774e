#include "diagnose/cuts.h"

#include <algorithm>

#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

bool is_unchanged(const ThreadSnapshot& one, const ThreadSnapshot& other) {
    const bool asks_again = one.retried_while && other.retried_while;
    return one.start_time == other.start_time && one.in_syscall == other.in_syscall &&
           one.syscall == other.syscall && one.sp == other.sp && one.pc == other.pc &&
           (asks_again || (one.args == other.args && one.run_count == other.run_count));
}

}  // namespace

// Whoever was not asleep, or was put on a CPU in between, may do anything. The same holds for one that is
// gone.
void mark_moved(Snapshot& snapshot, const Census& before, const Census& after) {
    for (ProcessSnapshot& process : snapshot.processes)
        for (ThreadSnapshot& thread : process.threads) {
            const CensusThread* const first = find_thread(before, thread.tid);
            const CensusThread* const last = find_thread(after, thread.tid);
            thread.moved = !first || !last || *first != *last || !sleeps(*first);
        }
}

void mark_changed(const Snapshot& earlier, Snapshot& snapshot) {
    for (ProcessSnapshot& process : snapshot.processes)
        for (ThreadSnapshot& thread : process.threads) {
            const ThreadSnapshot* const before = find_thread(earlier, thread.tid);
            thread.moved = thread.moved || !before || !is_unchanged(*before, thread);
        }
}

bool somebody_asks_again(const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot.processes, [](const ProcessSnapshot& process) {
        return std::ranges::any_of(process.threads, [](const ThreadSnapshot& thread) {
            return thread.moved && thread.retried_while;
        });
    });
}

// Then the kernel changes something without anybody running.
bool something_moves(const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot.sockets, [](const auto& entry) { return entry.second.moving; });
}

// Threads that have not run since the last cut wait where they did: what was read of them is still true.
// Returns who they are.
std::set<pid_t> take_over_threads(Snapshot& snapshot, const Snapshot& last, bool nobody_ran) {
    std::set<pid_t> known;
    if (!nobody_ran) return known;
    for (ProcessSnapshot& process : snapshot.processes)
        for (ThreadSnapshot& thread : process.threads) {
            const ThreadSnapshot* const before = find_thread(last, thread.tid);
            if (!before || before->moved) continue;
            thread = *before;
            known.insert(thread.tid);
        }
    return known;
}

}  // namespace rehang
