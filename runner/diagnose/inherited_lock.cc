#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "diagnose/asked_memory.h"
#include "diagnose/causes.h"
#include "diagnose/fork_handlers.h"
#include "diagnose/owner_at_fork.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/telling.h"
#include "diagnose/waited_object.h"

namespace rehang {
namespace {

// A lock that came into a process by fork, locked.
struct InheritedLock {
    const ProcessSnapshot& child;
    const ThreadWait& waiting;  // the first thread that waits for it
    OwnerAtFork owner;
};

std::string owner_name(const InheritedLock& lock) {
    return name_of(*lock.owner.fork, *lock.owner.thread);
}

bool may_wait_for_a_lock(const Wait& wait) {
    return wait.kind == WaitKind::futex || (wait.kind == WaitKind::spin && wait.address != 0);
}

bool waits_for_it(const InheritedLock& lock, const ThreadWait& thread) {
    return thread.pid == lock.child.pid && may_wait_for_a_lock(thread.wait) &&
           thread.wait.address == lock.waiting.wait.address;
}

std::string what_hangs(const Evidence& evidence, const InheritedLock& lock) {
    std::vector<std::string> waiting;
    for (const ThreadWait& thread : evidence.graph.threads)
        if (waits_for_it(lock, thread)) waiting.push_back(label_of(evidence.snapshot, thread.tid));
    const std::string where = told_stack(evidence, lock.waiting.tid);
    return fmt::format("{} can never go on: {} for the lock at {}, which is locked in {} (its word is {}){}.",
                       enumerate(waiting), waiting.size() == 1 ? "it waits" : "they wait",
                       lock.waiting.wait.location, label(lock.child), lock.waiting.wait.word,
                       where.empty() ? "" : ", in " + where);
}

std::string who_held_it(const Evidence& evidence, const InheritedLock& lock) {
    const ThreadAtFork& owner = *lock.owner.thread;
    const std::string where = told_stack(stack_at_fork(evidence, lock.child, owner));
    const std::string point = owner.held_at ? fmt::format(" at the point \"{}\"", *owner.held_at) : "";
    const std::string stood = where.empty() && point.empty()
                                  ? ""
                                  : fmt::format("; it stood{}{}", point, where.empty() ? "" : " in " + where);
    return fmt::format("When {} forked {}, that lock was held by {} ({}){}.", lock.owner.fork->parent,
                       lock.owner.fork->child, owner_name(lock), lock.owner.known_because, stood);
}

std::string why_for_ever(const InheritedLock& lock) {
    return fmt::format(
        "fork copies the memory, so the locked lock too, but only the thread that calls it: {} does not "
        "exist in {}, and nobody "
        "else there will ever release the lock.",
        owner_name(lock), label(lock.child));
}

// Then its memory is another one.
bool has_executed_since(const Scope& scope, const ForkRecord& fork) {
    const auto parent = std::ranges::find(scope.processes, fork.parent, &KnownProcess::path);
    return parent != scope.processes.end() && parent->execs != fork.parent_execs;
}

// The counter-check: where the owner does exist, it has released the lock meanwhile.
std::optional<std::string> in_the_parent(const Evidence& evidence, const InheritedLock& lock) {
    const ProcessSnapshot* const parent = find_process(evidence.snapshot, lock.owner.fork->parent_pid);
    if (!parent || parent->zombie || has_executed_since(evidence.scope, *lock.owner.fork))
        return std::nullopt;
    const auto bytes = read_memory(parent->pid, lock.waiting.wait.address, sizeof(std::uint32_t));
    std::uint32_t word = 0;
    if (bytes.size() != sizeof word) return std::nullopt;
    std::memcpy(&word, bytes.data(), sizeof word);
    if (is_locked(lock_waited_for(evidence, lock.waiting), word)) return std::nullopt;
    return fmt::format("In {} itself the word is {} by now: there its owner has released it.", label(*parent),
                       word);
}

void draw_the_owner(Finding& finding, const InheritedLock& lock) {
    GraphNode owner = node_of(*lock.owner.fork, *lock.owner.thread, label(lock.child));
    finding.edges.push_back(
        {.from = lock_node(lock.waiting.wait.address), .to = owner.id, .label = "was held at the fork by"});
    finding.nodes.push_back(std::move(owner));
}

void draw_missing_handlers(Finding& finding, const InheritedLock& lock, const MissingForkHandlers& missing) {
    const std::string id = "symbol:" + missing.symbol;
    finding.edges.push_back({.from = lock_node(lock.waiting.wait.address),
                             .to = id,
                             .label = missing.module + " refers to it weakly"});
    finding.nodes.push_back(
        {.id = id, .kind = "symbol", .label = missing.symbol + ", which no module exports"});
}

Finding tell(const Evidence& evidence, const InheritedLock& lock) {
    Finding finding = {.cause = Cause::inherited_lock,
                       .sentences = {},
                       .thread = lock.waiting.tid,
                       .nodes = {},
                       .edges = {}};
    finding.sentences = {what_hangs(evidence, lock), who_held_it(evidence, lock), why_for_ever(lock)};
    if (const auto missing = missing_fork_handlers(evidence.files, lock.child, lock.waiting.wait.address)) {
        finding.sentences.push_back(missing->sentence);
        draw_missing_handlers(finding, lock, *missing);
    }
    if (auto sentence = in_the_parent(evidence, lock)) finding.sentences.push_back(std::move(*sentence));
    const auto told = [&](const ThreadWait& thread) { return waits_for_it(lock, thread); };
    std::ranges::move(who_waits_in_turn(evidence, told), std::back_inserter(finding.sentences));
    draw_the_owner(finding, lock);
    return finding;
}

}  // namespace

std::optional<Finding> find_inherited_lock(const Evidence& evidence) {
    for (const ThreadWait* const thread : stuck_chain(evidence)) {
        const ProcessSnapshot* const child = find_process(evidence.snapshot, thread->pid);
        if (!may_wait_for_a_lock(thread->wait) || !is_private(*child, thread->wait.address)) continue;
        if (auto owner = find_owner_at_fork(evidence, *child, *thread))
            return tell(evidence, {.child = *child, .waiting = *thread, .owner = std::move(*owner)});
    }
    return std::nullopt;
}

}  // namespace rehang
