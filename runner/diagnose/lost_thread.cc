#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "diagnose/causes.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/telling.h"
#include "diagnose/waited_object.h"

namespace rehang {
namespace {

// A thread of the parent that fork did not copy, and that a thread of the child waits for.
struct LostThread {
    const ProcessSnapshot& child;
    const ThreadWait& waiting;
    ObjectKind at = ObjectKind::unknown;
    const ForkRecord& fork;
    const ThreadAtFork& thread;
    std::string known_because;  // "it waited at … itself"
};

// What a program keeps together lies together: the mutex, the condition variables and the counters of a queue
// are members of one object.
constexpr std::uint64_t neighbourhood = 256;

bool are_neighbours(const ProcessSnapshot& process, std::uint64_t one, std::uint64_t other) {
    const std::uint64_t distance = one < other ? other - one : one - other;
    const elf::Mapping* const mapping = mapping_at(process, one);
    return distance < neighbourhood && mapping && other >= mapping->start && other < mapping->end;
}

// pthread_join waits until the kernel clears the thread's tid. No other wait has a tid as the value that it
// compares with; what locks hold, 1 and 2, is not taken for one.
bool is_joined(const Wait& wait, const ThreadAtFork& thread) {
    return wait.word > 2 && wait.word == wait.expected && static_cast<pid_t>(wait.word) == thread.inner_tid;
}

std::optional<std::string> by_its_own_wait(const LostThread& lost) {
    const std::uint64_t there = lost.thread.waits_for, here = lost.waiting.wait.address;
    if (there == 0 || !are_neighbours(lost.child, here, there)) return std::nullopt;
    if (there == here) return "it waited at the same word";
    return fmt::format("it waited at {:#x} itself, {} bytes from there, in the same object", there,
                       there < here ? here - there : there - here);
}

// A pointer to the object: to its start or to a member before the word, from the stack that was saved.
std::optional<std::string> by_its_stack(const LostThread& lost) {
    const auto& bytes = lost.thread.stack.bytes;
    for (size_t at = 0; at + sizeof(std::uint64_t) <= bytes.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        const std::uint64_t word = lost.waiting.wait.address;
        if (value > word || value % alignof(void*) != 0 || !are_neighbours(lost.child, word, value)) continue;
        return fmt::format(
            "{:#x}, the address of the object that has this word at offset {}, lay on its stack", value,
            word - value);
    }
    return std::nullopt;
}

// Who has threads of its own at the object may well be waiting for one of those.
bool is_used_by_others(const Evidence& evidence, const LostThread& lost) {
    return std::ranges::any_of(evidence.graph.threads, [&](const ThreadWait& other) {
        return other.pid == lost.child.pid && other.tid != lost.waiting.tid &&
               other.wait.kind == WaitKind::futex &&
               are_neighbours(lost.child, lost.waiting.wait.address, other.wait.address);
    });
}

// What shows that the thread had to do with the object; without it, any other thread may have been meant.
std::optional<std::string> link_to_object(const Evidence& evidence, const LostThread& lost) {
    if (is_joined(lost.waiting.wait, lost.thread))
        return fmt::format("the word is {}, its thread id", lost.waiting.wait.word);
    if (lost.at == ObjectKind::unknown || is_used_by_others(evidence, lost)) return std::nullopt;
    if (auto reason = by_its_own_wait(lost)) return reason;
    return by_its_stack(lost);
}

std::optional<LostThread> lost_for(const Evidence& evidence, const ProcessSnapshot& child,
                                   const ThreadWait& waiting) {
    const ObjectKind at = object_waited_at(evidence, waiting);
    for (const ForkRecord* const fork : forks_of_the_memory(evidence.scope, child.path))
        for (const ThreadAtFork& thread : fork->threads) {
            if (thread.forking || exists_in(child, thread.inner_tid)) continue;
            LostThread lost = {.child = child,
                               .waiting = waiting,
                               .at = at,
                               .fork = *fork,
                               .thread = thread,
                               .known_because = {}};
            if (auto reason = link_to_object(evidence, lost)) {
                lost.known_because = std::move(*reason);
                return lost;
            }
        }
    return std::nullopt;
}

std::string what_hangs(const Evidence& evidence, const LostThread& lost) {
    const std::string name = label_of(evidence.snapshot, lost.waiting.tid);
    const std::string where = told_stack(evidence, lost.waiting.tid);
    const std::string in = where.empty() ? "" : ", in " + where;
    const std::string& location = lost.waiting.wait.location;
    if (is_joined(lost.waiting.wait, lost.thread))
        return fmt::format("{} can never go on: it waits for the end of {} (pthread_join){}.", name,
                           name_of(lost.fork, lost.thread), in);
    if (lost.at == ObjectKind::condition_end)
        return fmt::format(
            "{} can never go on: it destroys the condition variable at {}, and waits until all who wait at "
            "it "
            "have left{}.",
            name, location, in);
    return fmt::format("{} can never go on: it waits at {} at {}, and nobody in {} is left to wake it{}.",
                       name, told_object(lost.waiting.wait), location, label(lost.child), in);
}

std::string who_is_lost(const Evidence& evidence, const LostThread& lost) {
    std::string stood;
    if (!lost.thread.running) {
        const std::string where = told_stack(
            evidence.collector.unwinder(lost.child).unwind(lost.thread.registers, &lost.thread.stack));
        if (!where.empty()) stood = "; it stood in " + where;
    }
    return fmt::format("When {} forked {}, {} had to do with it ({}){}.", lost.fork.parent, lost.fork.child,
                       name_of(lost.fork, lost.thread), lost.known_because, stood);
}

std::string why_for_ever(const LostThread& lost) {
    return fmt::format(
        "fork copies only the thread that calls it: {} does not exist in {}, and what it would do there is "
        "never "
        "done.",
        name_of(lost.fork, lost.thread), label(lost.child));
}

Finding tell(const Evidence& evidence, const LostThread& lost) {
    Finding finding = {
        .cause = Cause::lost_thread, .sentences = {}, .thread = lost.waiting.tid, .nodes = {}, .edges = {}};
    finding.sentences = {what_hangs(evidence, lost), who_is_lost(evidence, lost), why_for_ever(lost)};
    const auto told = [&](const ThreadWait& thread) { return thread.tid == lost.waiting.tid; };
    std::ranges::move(who_waits_in_turn(evidence, told), std::back_inserter(finding.sentences));
    GraphNode node = node_of(lost.fork, lost.thread, label(lost.child));
    finding.edges.push_back({.from = lock_node(lost.waiting.wait.address),
                             .to = node.id,
                             .label = "needs, but fork did not copy"});
    finding.nodes.push_back(std::move(node));
    return finding;
}

}  // namespace

std::optional<Finding> find_lost_thread(const Evidence& evidence) {
    for (const ThreadWait* const thread : stuck_chain(evidence)) {
        const ProcessSnapshot* const child = find_process(evidence.snapshot, thread->pid);
        if (thread->wait.kind != WaitKind::futex || !is_private(*child, thread->wait.address)) continue;
        if (const auto lost = lost_for(evidence, *child, *thread)) return tell(evidence, *lost);
    }
    return std::nullopt;
}

}  // namespace rehang
