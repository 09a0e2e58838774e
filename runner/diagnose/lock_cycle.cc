#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "diagnose/causes.h"
#include "diagnose/futex_object.h"
#include "diagnose/lock_holder.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/telling.h"

namespace rehang {
namespace {

// From each thread to the next one that it waits for; the last one waits for the first.
using Circle = std::vector<const ThreadWait*>;

bool waits_for_lock(const Wait& wait) {
    return wait.kind == WaitKind::file_lock || is_owned_lock(wait);
}

// Who has to go on for it: the lock's owner, the thread to be joined, the child that is to end. A file lock
// belongs to processes, and any of their threads can release it.
std::vector<pid_t> awaited(const Evidence& evidence, const ThreadWait& waiting) {
    const Wait& wait = waiting.wait;
    if (wait.kind == WaitKind::file_lock) return wait.wakers;
    if (wait.kind == WaitKind::child && wait.children.size() == 1) {
        const ProcessSnapshot* const child = find_process(evidence.snapshot, wait.children.front());
        return child ? living_threads(*child) : std::vector<pid_t>();
    }
    if (const pid_t one = one_awaited(evidence, waiting)) return {one};
    return holders_that_wait_in_turn(evidence, waiting);
}

bool awaited_by_elimination(const Evidence& evidence, const ThreadWait& waiting) {
    const WaitKind kind = waiting.wait.kind;
    return (kind == WaitKind::futex || kind == WaitKind::spin) && one_awaited(evidence, waiting) == 0;
}

// Goes on with `path` until it comes back to a thread that is on it already, with a lock in between. Threads
// that are all `met` lead to none.
Circle find_circle(const Evidence& evidence, Circle& path, std::set<pid_t>& met, const ThreadWait& thread) {
    const auto again = std::ranges::find(path, &thread);
    if (again != path.end()) {
        Circle circle(again, path.end());
        const bool has_lock =
            std::ranges::any_of(circle, [](const auto* t) { return waits_for_lock(t->wait); });
        return has_lock ? circle : Circle();
    }
    if (!met.insert(thread.tid).second) return {};
    path.push_back(&thread);
    for (const pid_t tid : awaited(evidence, thread)) {
        const ThreadWait* const next = evidence.graph.of(tid);
        if (!next || !next->stuck) continue;
        if (Circle circle = find_circle(evidence, path, met, *next); !circle.empty()) return circle;
    }
    path.pop_back();
    return {};
}

// Told from a main thread on, of the process that was there first.
void begin_with_a_main_thread(const Evidence& evidence, Circle& circle) {
    const auto order = [&](const ThreadWait* waiting) {
        const auto& processes = evidence.snapshot.processes;
        const auto process = std::ranges::find(processes, waiting->pid, &ProcessSnapshot::pid);
        const unsigned nth = find_thread(evidence.snapshot, waiting->tid)->nth;
        return std::tuple(nth > 1, process - processes.begin(), nth);
    };
    std::ranges::rotate(circle, std::ranges::min_element(circle, {}, order));
}

// Of a lock that does not tell: who may hold it, and that it does not matter.
std::string tell_who_may_hold(const Evidence& evidence, const ThreadWait& waiting) {
    std::vector<std::string> holders;
    for (const pid_t tid : holders_that_wait_in_turn(evidence, waiting))
        holders.push_back(label_of(evidence.snapshot, tid));
    const std::string waits_in_turn =
        fmt::format("{} for {} in turn", holders.size() == 1 ? "which waits" : "and each of them waits",
                    label_of(evidence.snapshot, waiting.tid));
    return fmt::format("That lock does not say who holds it. No thread of {} has ended, so it is {}, {}.",
                       label(*find_process(evidence.snapshot, waiting.pid)), enumerate(holders, " or "),
                       waits_in_turn);
}

std::string name_of_lock(const Wait& wait) {
    return wait.kind == WaitKind::file_lock ? "a lock of " + wait.location
                                            : fmt::format("the {} at {}", wait.object, wait.location);
}

// "bank holds the mutex at giro and waits for the mutex at savings, which bank thread 2 holds, in lock ←
// pay."
std::string tell_link(const Evidence& evidence, const ThreadWait& waiting, const ThreadWait& wanted_by) {
    const std::string name = label_of(evidence.snapshot, waiting.tid),
                      where = told_stack(evidence, waiting.tid);
    const std::string in = where.empty() ? "" : ", in " + where;
    if (&waiting == &wanted_by)
        return fmt::format("{} holds {} and waits for it itself{}.", name, name_of_lock(waiting.wait), in);
    const std::string holds =
        waits_for_lock(wanted_by.wait) ? fmt::format(" holds {} and", name_of_lock(wanted_by.wait)) : "";
    return fmt::format("{}{} {}{}.", name, holds, waiting.wait.sentence, in);
}

void add_edge(Finding& finding, const Evidence& evidence, const ThreadWait& waiting,
              const ThreadWait& holder) {
    const bool by_elimination = awaited_by_elimination(evidence, waiting);
    const bool owned = waiting.wait.kind == WaitKind::futex && waits_for_lock(waiting.wait);
    if (!owned && !by_elimination) return;
    finding.edges.push_back({.from = lock_node(waiting.wait.address),
                             .to = thread_node(*find_process(evidence.snapshot, holder.pid),
                                               *find_thread(evidence.snapshot, holder.tid)),
                             .label = by_elimination ? "may be held by" : "held by"});
}

Finding tell(const Evidence& evidence, const Circle& circle) {
    Finding finding = {.cause = Cause::lock_cycle, .sentences = {}, .nodes = {}, .edges = {}};
    const ThreadWait* before = circle.back();
    for (const ThreadWait* const thread : circle) {
        finding.sentences.push_back(tell_link(evidence, *thread, *before));
        if (awaited_by_elimination(evidence, *thread))
            finding.sentences.push_back(tell_who_may_hold(evidence, *thread));
        add_edge(finding, evidence, *before, *thread);
        before = thread;
    }
    finding.sentences.emplace_back(
        circle.size() == 1 ? "Nobody else could release it, and it can't while it waits."
                           : "So each of them waits for another one of them, and none can ever go "
                             "on.");
    const auto told = [&](const ThreadWait& thread) {
        return std::ranges::find(circle, &thread) != circle.end();
    };
    std::ranges::move(who_waits_in_turn(evidence, told), std::back_inserter(finding.sentences));
    return finding;
}

}  // namespace

std::optional<Finding> find_lock_cycle(const Evidence& evidence) {
    std::set<pid_t> met;
    for (const ThreadWait* const thread : stuck_chain(evidence)) {
        Circle path;
        Circle circle = find_circle(evidence, path, met, *thread);
        if (circle.empty()) continue;
        begin_with_a_main_thread(evidence, circle);
        return tell(evidence, circle);
    }
    return std::nullopt;
}

}  // namespace rehang
