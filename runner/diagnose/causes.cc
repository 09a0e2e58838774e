#include "diagnose/causes.h"

#include <fmt/format.h>

#include <array>

#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

Finding tell_the_waits(const Evidence& evidence) {
    Finding finding;
    for (const ThreadWait* const thread : stuck_chain(evidence))
        finding.sentences.push_back(fmt::format(
            "{} can never go on: it {}.", label_of(evidence.snapshot, thread->tid), thread->wait.sentence));
    return finding;
}

}  // namespace

Finding find_cause(const Evidence& evidence) {
    // Where several fit, the root is the one where the chain of waits ends: a reader whose writer is stuck at
    // a lock waits for the lock. A lost wake-up is what is left when nothing else explains why nobody comes;
    // that a fault has swallowed one is no explanation but known.
    constexpr std::array causes = {
        find_unmade_wake, find_inherited_lock, find_foreign_owner, find_lock_cycle,     find_spin_at_the_end,
        find_lost_thread, find_held_pipe,      find_spin,          find_lock_of_nobody, find_lost_wakeup};
    for (const auto find : causes)
        if (auto finding = find(evidence)) return std::move(*finding);
    return tell_the_waits(evidence);
}

}  // namespace rehang
