#include <fmt/format.h>

#include <algorithm>

#include "diagnose/causes.h"
#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

bool spins(const ThreadWait& thread) {
    return thread.wait.kind == WaitKind::spin;
}

// The thread that this one joins or waits for might be the spinning one: then the chain ends there. Any other
// wait in the same memory may be why nobody changes what the loop reads.
bool ends_the_chain(const Evidence& evidence, const ThreadWait& spinner) {
    return std::ranges::all_of(evidence.graph.threads, [&](const ThreadWait& other) {
        if (other.pid != spinner.pid || other.tid == spinner.tid || !other.stuck || spins(other)) return true;
        const ThreadSnapshot& thread = *find_thread(evidence.snapshot, spinner.tid);
        return other.wait.kind == WaitKind::futex &&
               other.wait.word == static_cast<std::uint32_t>(thread.inner_tid);
    });
}

Finding tell(const Evidence& evidence, const std::vector<const ThreadWait*>& spinning) {
    Finding finding = {.cause = Cause::spin, .sentences = {}, .nodes = {}, .edges = {}};
    for (const ThreadWait* const thread : spinning)
        finding.sentences.push_back(fmt::format(
            "{} can never leave its loop: it {}, and nobody who could {} can go on.",
            label_of(evidence.snapshot, thread->tid), thread->wait.sentence,
            thread->wait.address == 0 ? "end it by a signal" : "change that, or send it a signal,"));
    for (const ThreadWait* const thread : stuck_chain(evidence))
        if (!spins(*thread))
            finding.sentences.push_back(fmt::format(
                "{} waits in turn: it {}.", label_of(evidence.snapshot, thread->tid), thread->wait.sentence));
    return finding;
}

std::optional<Finding> find_spinning(const Evidence& evidence, bool only_ends) {
    std::vector<const ThreadWait*> spinning;
    for (const ThreadWait* const thread : stuck_chain(evidence))
        if (spins(*thread) && (!only_ends || ends_the_chain(evidence, *thread))) spinning.push_back(thread);
    if (spinning.empty()) return std::nullopt;
    return tell(evidence, spinning);
}

}  // namespace

std::optional<Finding> find_spin_at_the_end(const Evidence& evidence) {
    return find_spinning(evidence, true);
}

std::optional<Finding> find_spin(const Evidence& evidence) {
    return find_spinning(evidence, false);
}

}  // namespace rehang
