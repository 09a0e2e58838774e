#include <fmt/format.h>

#include <algorithm>

#include "diagnose/causes.h"
#include "diagnose/futex_object.h"
#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

// A thread that waits for something that exactly one other thread can give: the mutex's owner, the thread to
// be joined.
struct Dependence {
    const ThreadWait* waiting = nullptr;
    pid_t on = 0;
    bool lock = false;
};

std::optional<Dependence> dependence_of(const Evidence& evidence, const ThreadWait& waiting) {
    const ThreadSnapshot* const owner = owner_of(evidence.snapshot, waiting.pid, waiting.wait);
    if (!owner) return std::nullopt;
    return Dependence{.waiting = &waiting, .on = owner->tid, .lock = is_owned_lock(waiting.wait)};
}

// The circle that `start` runs into, if it runs into one that holds a lock.
std::vector<Dependence> circle_from(const Evidence& evidence, const ThreadWait* start) {
    std::vector<Dependence> path;
    for (const ThreadWait* thread = start; thread;) {
        const auto again = std::ranges::find(path, thread, &Dependence::waiting);
        if (again != path.end()) return {again, path.end()};
        const auto dependence = dependence_of(evidence, *thread);
        if (!dependence) break;
        path.push_back(*dependence);
        thread = evidence.graph.of(dependence->on);
    }
    return {};
}

std::string node_of(const Evidence& evidence, pid_t tid) {
    return thread_node(*process_of_thread(evidence.snapshot, tid), *find_thread(evidence.snapshot, tid));
}

void add_link(Finding& finding, const Evidence& evidence, const Dependence& link) {
    const Snapshot& snapshot = evidence.snapshot;
    const std::string waiting = label_of(snapshot, link.waiting->tid), other = label_of(snapshot, link.on);
    if (!link.lock) {
        finding.sentences.push_back(fmt::format("{} waits for {} to end (pthread_join).", waiting, other));
        return;
    }
    const bool itself = link.waiting->tid == link.on;
    finding.sentences.push_back(fmt::format("{} waits for the {} at {}, which {} holds.", waiting,
                                            link.waiting->wait.object, link.waiting->wait.location,
                                            itself ? "it itself" : other));
    finding.edges.push_back({.from = lock_node(link.waiting->wait.address),
                             .to = node_of(evidence, link.on),
                             .label = "held by"});
}

}  // namespace

std::optional<Finding> find_lock_cycle(const Evidence& evidence) {
    for (const ThreadWait* const thread : stuck_chain(evidence)) {
        const auto circle = circle_from(evidence, thread);
        if (std::ranges::none_of(circle, &Dependence::lock)) continue;
        Finding finding = {.cause = Cause::lock_cycle, .sentences = {}, .thread = 0, .nodes = {}, .edges = {}};
        for (const Dependence& link : circle) add_link(finding, evidence, link);
        finding.sentences.emplace_back(
            "So each of them waits for another one of them, and none can ever go on.");
        return finding;
    }
    return std::nullopt;
}

}  // namespace rehang
