// Locks whose owner the process does not have, in a tree whose forks nobody has seen.
#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "diagnose/causes.h"
#include "diagnose/proc_files.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/waits.h"

namespace rehang {
namespace {

bool has_thread(const ProcessSnapshot& process, pid_t inner_tid) {
    return std::ranges::any_of(process.threads,
                               [&](const auto& thread) { return thread.inner_tid == inner_tid; });
}

struct ParentThread {
    pid_t pid = 0;
    std::string process;
    unsigned nth = 0;  // by number
    size_t of = 0;
};

// The parent need not be one of those that were asked about.
std::optional<ParentThread> thread_of_parent(const Evidence& evidence, const ProcessSnapshot& child,
                                             pid_t inner_tid) {
    const auto stat = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", child.parent)));
    const auto tids = proc::numbers_in(fmt::format("/proc/{}/task", child.parent));
    if (!stat || !tids) return std::nullopt;
    for (size_t i = 0; i < tids->size(); ++i) {
        const auto status = proc::parse_status(
            read_file_or_empty(fmt::format("/proc/{}/task/{}/status", child.parent, (*tids)[i])));
        if (status.inner_tid != inner_tid) continue;
        const ProcessSnapshot* const known = find_process(evidence.snapshot, child.parent);
        return ParentThread{
            .pid = child.parent,
            .process = known ? label(*known) : fmt::format("{} (pid {})", stat->comm, child.parent),
            .nth = static_cast<unsigned>(i) + 1,
            .of = tids->size()};
    }
    return std::nullopt;
}

std::vector<std::string> waiting_for(const Evidence& evidence, const ThreadWait& lock) {
    std::vector<std::string> waiting;
    for (const ThreadWait& thread : evidence.graph.threads)
        if (thread.pid == lock.pid && thread.wait.kind == WaitKind::futex &&
            thread.wait.address == lock.wait.address)
            waiting.push_back(label_of(evidence.snapshot, thread.tid));
    return waiting;
}

std::string who_waits_for(const Evidence& evidence, const ThreadWait& lock) {
    const auto waiting = waiting_for(evidence, lock);
    return fmt::format("{} can never go on: {} for the lock at {}, which is locked (its word is {}).",
                       enumerate(waiting), waiting.size() == 1 ? "it waits" : "they wait", lock.wait.location,
                       lock.wait.word);
}

// All living threads wait for this one lock.
bool all_wait_for(const Evidence& evidence, const ProcessSnapshot& process, const ThreadWait& lock) {
    return std::ranges::all_of(living_threads(process), [&](pid_t tid) {
        const ThreadWait* const thread = evidence.graph.of(tid);
        return thread && thread->stuck && thread->wait.kind == WaitKind::futex &&
               thread->wait.address == lock.wait.address;
    });
}

std::string hint_at_the_parent(const ProcessSnapshot& process) {
    const auto tids = proc::numbers_in(fmt::format("/proc/{}/task", process.parent));
    const auto stat = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", process.parent)));
    if (!tids || !stat || tids->size() < 2) return {};
    return fmt::format(
        "Its parent {} (pid {}) has {} threads: a lock that one of them held at the fork stays locked in the "
        "child for ever.",
        stat->comm, process.parent, tids->size());
}

}  // namespace

std::optional<Finding> find_foreign_owner(const Evidence& evidence) {
    if (evidence.scope.world != World::machine) return std::nullopt;
    for (const ThreadWait* const thread : stuck_chain(evidence)) {
        const ProcessSnapshot& process = *find_process(evidence.snapshot, thread->pid);
        const auto owner = mutex_owner(*thread);
        if (!owner || has_thread(process, *owner)) continue;
        const auto parents = thread_of_parent(evidence, process, *owner);
        if (!parents) continue;
        Finding finding = {.cause = Cause::inherited_lock, .sentences = {}, .nodes = {}, .edges = {}};
        finding.sentences = {
            who_waits_for(evidence, *thread),
            fmt::format("The mutex names tid {} as its owner, which is no thread of {}: it is thread {} of "
                        "its parent {}.",
                        *owner, label(process), parents->nth, parents->process),
            fmt::format("fork copies the memory, so the locked mutex too, but only the thread that calls it "
                        "under a new tid: nobody in {} will ever release the mutex.",
                        label(process))};
        return finding;
    }
    return std::nullopt;
}

std::optional<Finding> find_lock_of_nobody(const Evidence& evidence) {
    if (evidence.scope.world != World::machine) return std::nullopt;
    for (const ThreadWait* const thread : stuck_chain(evidence)) {
        const ProcessSnapshot& process = *find_process(evidence.snapshot, thread->pid);
        const bool lock =
            thread->wait.kind == WaitKind::futex &&
            (thread->wait.retried || is_lock_wait(*find_thread(evidence.snapshot, thread->tid)));
        if (!lock || thread->wait.word == 0 || !all_wait_for(evidence, process, *thread)) continue;
        Finding finding;
        finding.sentences = {
            who_waits_for(evidence, *thread),
            living_threads(process).size() == 1
                ? fmt::format("It is the only thread of {}: either it holds the lock itself, or the lock was "
                              "locked already when the process was forked.",
                              label(process))
                : fmt::format("These are all the threads of {}, so that nobody is left there who could "
                              "release it: one of them holds it itself, or it was locked already when the "
                              "process was forked.",
                              label(process))};
        if (auto hint = hint_at_the_parent(process); !hint.empty())
            finding.sentences.push_back(std::move(hint));
        return finding;
    }
    return std::nullopt;
}

}  // namespace rehang
