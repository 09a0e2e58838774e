#include "diagnose/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

// Why a thread may go on whatever the others do; nothing where only others can end its wait.
std::optional<std::string> goes_on_alone(const Wait& wait, GraphOptions options) {
    if (wait.kind == WaitKind::exited) return std::nullopt;
    if (wait.by_outside) return *wait.by_outside;
    if (wait.by_itself) return wait.sentence;
    if (wait.kind == WaitKind::held && !options.holds_last) return wait.sentence;
    return std::nullopt;
}

std::string name_of(const Snapshot& snapshot, pid_t tid) {
    const ProcessSnapshot* const process = process_of_thread(snapshot, tid);
    return process ? label(*process, *find_thread(snapshot, tid)) : fmt::format("thread {}", tid);
}

// The first waker that may go on, as a reason; nothing where none may. One that is not in the snapshot may do
// anything.
std::optional<std::string> waker_that_goes_on(const ThreadWait& waiting, const Snapshot& snapshot,
                                              const std::map<pid_t, const ThreadWait*>& by_tid) {
    for (const pid_t tid : waiting.wait.wakers) {
        const auto waker = by_tid.find(tid);
        if (waker == by_tid.end())
            return fmt::format("thread {}, which is not looked at, may end its wait", tid);
        if (waker->second->wait.kind == WaitKind::exited || waker->second->stuck) continue;
        return fmt::format("{} may end its wait: it {}", name_of(snapshot, tid),
                           waker->second->wait.sentence);
    }
    return std::nullopt;
}

// The first thread that may go on, and so may send a signal. Those outside are not asked: anybody may kill
// anybody, and nothing would ever be proven.
std::optional<std::string> sender_that_goes_on(const ThreadWait& waiting, const Snapshot& snapshot,
                                               const std::vector<ThreadWait>& threads) {
    if (!waiting.wait.by_signals) return std::nullopt;
    for (const ThreadWait& other : threads) {
        if (other.tid == waiting.tid || other.stuck || other.wait.kind == WaitKind::exited) continue;
        const ProcessSnapshot* const process = find_process(snapshot, other.pid);
        if (process && process->outside) continue;
        return fmt::format("{} may end its wait by a signal: it {}", name_of(snapshot, other.tid),
                           other.wait.sentence);
    }
    return std::nullopt;
}

}  // namespace

const ThreadWait* WaitGraph::of(pid_t tid) const {
    const auto found = std::ranges::find(threads, tid, &ThreadWait::tid);
    return found == threads.end() ? nullptr : &*found;
}

bool WaitGraph::all_stuck(const std::vector<pid_t>& tids) const {
    return std::ranges::all_of(tids, [&](pid_t tid) {
        const ThreadWait* const thread = of(tid);
        return thread && thread->stuck;
    });
}

WaitGraph build_graph(const Snapshot& snapshot, std::vector<ThreadWait> waits, GraphOptions options) {
    WaitGraph graph = {.threads = std::move(waits)};
    std::map<pid_t, const ThreadWait*> by_tid;
    for (ThreadWait& thread : graph.threads) {
        const auto reason = goes_on_alone(thread.wait, options);
        thread.may_go_on = reason.value_or(std::string());
        thread.stuck = !reason && thread.wait.kind != WaitKind::exited;
        by_tid[thread.tid] = &thread;
    }
    // From the greatest set of suspects, take those out that somebody outside of the set could wake, until
    // none is left to take out.
    for (bool changed = true; changed;) {
        changed = false;
        for (ThreadWait& thread : graph.threads) {
            if (!thread.stuck) continue;
            auto reason = waker_that_goes_on(thread, snapshot, by_tid);
            if (!reason) reason = sender_that_goes_on(thread, snapshot, graph.threads);
            if (reason) {
                thread.stuck = false;
                thread.may_go_on = std::move(*reason);
                changed = true;
            }
        }
    }
    return graph;
}

}  // namespace rehang
