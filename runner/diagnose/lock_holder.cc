#include "diagnose/lock_holder.h"

#include <algorithm>
#include <map>

#include "diagnose/futex_object.h"
#include "diagnose/owner_at_fork.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/waited_object.h"
#include "diagnose/waits.h"

namespace rehang {
namespace {

// A word that is 1 or 2 may be anything: the way in which a thread waits for it has to be that of a lock.
bool waits_as_for_a_lock(const Evidence& evidence, const ThreadWait& waiting) {
    const ThreadSnapshot& thread = *find_thread(evidence.snapshot, waiting.tid);
    switch (lock_waited_for(evidence, waiting)) {
        case LockKind::low_level:
            return waiting.wait.kind == WaitKind::spin || waiting.wait.retried || is_lock_wait(thread);
        case LockKind::spinlock:
        case LockKind::guard:
            return true;
        case LockKind::none:
        case LockKind::word:
        case LockKind::semaphore:
            return false;
    }
    return false;
}

bool shares_its_memory(const Snapshot& snapshot, const ProcessSnapshot& process) {
    return std::ranges::any_of(snapshot.processes, [&](const ProcessSnapshot& other) {
        return other.pid != process.pid && share_memory(process, other);
    });
}

// Whoever took it is a thread of the process, and has not ended.
bool was_taken_by_a_living_thread(const Evidence& evidence, const ProcessSnapshot& process,
                                  const ThreadWait& waiting) {
    const auto known = std::ranges::find(evidence.scope.processes, process.pid, &KnownProcess::pid);
    if (known == evidence.scope.processes.end() || known->births != living_threads(process).size())
        return false;
    if (!is_private(process, waiting.wait.address) || shares_its_memory(evidence.snapshot, process))
        return false;
    const LockKind kind = lock_waited_for(evidence, waiting);
    return std::ranges::all_of(forks_of_the_memory(evidence.scope, process.path),
                               [&](const ForkRecord* fork) {
                                   const auto word = word_at_fork(*fork, waiting.wait.address);
                                   return word && !is_locked(kind, *word);
                               });
}

// How many waits lie between a thread and `end`; 0: it does not wait for it.
size_t steps_to(const Evidence& evidence, pid_t tid, pid_t end) {
    const size_t most = evidence.graph.threads.size();
    for (size_t steps = 1; steps <= most; ++steps) {
        const ThreadWait* const thread = evidence.graph.of(tid);
        if (!thread || !thread->stuck) return 0;
        tid = one_awaited(evidence, *thread);
        if (tid == end) return steps;
    }
    return 0;
}

}  // namespace

pid_t one_awaited(const Evidence& evidence, const ThreadWait& waiting) {
    if (waiting.wait.kind != WaitKind::futex) return 0;
    const ThreadSnapshot* const owner = owner_of(evidence.snapshot, waiting.pid, waiting.wait);
    return owner ? owner->tid : 0;
}

std::vector<pid_t> holders_that_wait_in_turn(const Evidence& evidence, const ThreadWait& waiting) {
    const ProcessSnapshot& process = *find_process(evidence.snapshot, waiting.pid);
    if (waiting.wait.owner != 0 || !waits_as_for_a_lock(evidence, waiting)) return {};
    if (!was_taken_by_a_living_thread(evidence, process, waiting)) return {};
    std::multimap<size_t, pid_t, std::greater<>> by_steps;
    for (const pid_t tid : living_threads(process, waiting.tid)) {
        const ThreadWait* const other = evidence.graph.of(tid);
        if (other && other->wait.address == waiting.wait.address) continue;  // waits for it as well
        const size_t steps = steps_to(evidence, tid, waiting.tid);
        if (steps == 0) return {};
        by_steps.emplace(steps, tid);
    }
    std::vector<pid_t> holders;
    for (const auto& [steps, tid] : by_steps) holders.push_back(tid);
    return holders;
}

}  // namespace rehang
