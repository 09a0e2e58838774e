#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>

#include "diagnose/causes.h"
#include "diagnose/futex_object.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/telling.h"
#include "diagnose/waited_object.h"

namespace rehang {
namespace {

std::string what_hangs(const Evidence& evidence, const ThreadWait& waiting) {
    const std::string where = told_stack(evidence, waiting.tid);
    return fmt::format("{} can never go on: it waits at {} at {}{}.",
                       label_of(evidence.snapshot, waiting.tid), told_object(waiting.wait),
                       waiting.wait.location, where.empty() ? "" : ", in " + where);
}

void add_who_waits_in_turn(Finding& finding, const Evidence& evidence, const ThreadWait& waiting) {
    const auto told = [&](const ThreadWait& thread) { return thread.tid == waiting.tid; };
    std::ranges::move(who_waits_in_turn(evidence, told), std::back_inserter(finding.sentences));
}

// glibc has moved no waiter to another word since 2.25, whatever its arguments say; other C libraries do
// (musl's condition variables: FUTEX_REQUEUE).
bool has_glibc(const ProcessSnapshot& process) {
    return std::ranges::any_of(process.mappings,
                               [](const auto& mapping) { return mapping.path.ends_with("/libc.so.6"); });
}

// Of these, a change of the word is what the thread waits for. Other words change and nobody need be woken: a
// latch counts down, pthread_cond_destroy counts who leaves, a mutex gets another owner.
bool means_that_it_has_come(const Evidence& evidence, const ThreadWait& waiting) {
    const ObjectKind kind = object_waited_at(evidence, waiting);
    return kind == ObjectKind::condition || kind == ObjectKind::semaphore ||
           (waiting.wait.object.ends_with("mutex") && waiting.wait.word == 0);
}

// The kernel puts a thread to sleep only while the word is what the thread expects: it has changed since.
bool word_has_changed(const Evidence& evidence, const ThreadWait& waiting) {
    const ThreadSnapshot* const thread = find_thread(evidence.snapshot, waiting.tid);
    if (waiting.wait.kind != WaitKind::futex || waiting.wait.retried || thread->syscall != SYS_futex)
        return false;
    const auto operation = thread->args[1] & ~std::uint64_t{FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME};
    const bool compares = operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
    return compares && waiting.wait.word != waiting.wait.expected;
}

bool sleeps_though_changed(const Evidence& evidence, const ThreadWait& waiting) {
    return word_has_changed(evidence, waiting) && has_glibc(*find_process(evidence.snapshot, waiting.pid)) &&
           means_that_it_has_come(evidence, waiting);
}

// The wake-up at this very word that a fault has answered in the kernel's place.
const UnmadeWake* unmade_wake_of(const Evidence& evidence, const ThreadWait& waiting) {
    const auto& wakes = evidence.scope.unmade_wakes;
    const auto found = std::ranges::find_if(wakes, [&](const UnmadeWake& wake) {
        return wake.pid == waiting.pid && wake.address == waiting.wait.address;
    });
    return found == wakes.end() ? nullptr : &*found;
}

Finding tell_unmade(const Evidence& evidence, const ThreadWait& waiting, const UnmadeWake& wake) {
    Finding finding = {
        .cause = Cause::lost_wakeup, .sentences = {}, .thread = waiting.tid, .nodes = {}, .edges = {}};
    const ProcessSnapshot& process = *find_process(evidence.snapshot, waiting.pid);
    finding.sentences.push_back(what_hangs(evidence, waiting));
    finding.sentences.push_back(fmt::format(
        "It went to sleep while the word was {}, and the word is {} by now: what it waited for has happened. "
        "The futex call by which {} {} wanted to wake it was answered by the fault {}, and has woken nobody.",
        waiting.wait.expected, waiting.wait.word, process.path,
        wake.by == 1 ? "main" : fmt::format("thread {}", wake.by), wake.fault));
    add_who_waits_in_turn(finding, evidence, waiting);
    return finding;
}

Finding tell_changed(const Evidence& evidence, const ThreadWait& waiting) {
    Finding finding = {
        .cause = Cause::lost_wakeup, .sentences = {}, .thread = waiting.tid, .nodes = {}, .edges = {}};
    finding.sentences.push_back(what_hangs(evidence, waiting));
    finding.sentences.push_back(fmt::format(
        "It went to sleep while the word was {}, and the word is {} by now: what it waited for has happened, "
        "and the wake-up did not come, or went to another thread. Nobody who could give one can go on.",
        waiting.wait.expected, waiting.wait.word));
    add_who_waits_in_turn(finding, evidence, waiting);
    return finding;
}

// A thread that waits for one of these could wake nobody because of something else: then the story begins
// there.
bool waits_for_something_else(const Evidence& evidence, const ThreadWait& waker) {
    const Wait& wait = waker.wait;
    switch (wait.kind) {
        case WaitKind::futex: {
            const bool joins = is_join(wait) && owner_of(evidence.snapshot, waker.pid, wait);
            return !joins && object_waited_at(evidence, waker) == ObjectKind::unknown;
        }
        case WaitKind::child:
        case WaitKind::pipe_read:
        case WaitKind::poll:
        case WaitKind::signal:
        case WaitKind::exited:
            return false;
        default:
            return true;
    }
}

// Of a process that came from one with more threads, it can't be told whether a wake-up was lost or a thread.
bool may_have_lost_a_thread(const Evidence& evidence, const ProcessSnapshot& process, const Wait& wait) {
    return is_private(process, wait.address) &&
           std::ranges::any_of(forks_of_the_memory(evidence.scope, process.path),
                               [](const ForkRecord* fork) { return fork->threads.size() > 1; });
}

// Its wakers, those who could wake them, and so on.
std::vector<pid_t> who_would_have_to_go_on(const Evidence& evidence, const ThreadWait& waiting) {
    std::vector<pid_t> threads;
    const auto add = [&](const std::vector<pid_t>& wakers) {
        for (const pid_t tid : wakers)
            if (tid != waiting.tid && std::ranges::find(threads, tid) == threads.end())
                threads.push_back(tid);
    };
    add(waiting.wait.wakers);
    for (size_t i = 0; i < threads.size(); ++i)
        if (const ThreadWait* const thread = evidence.graph.of(threads[i])) add(thread->wait.wakers);
    return threads;
}

bool nobody_is_left(const Evidence& evidence, const ThreadWait& waiting) {
    const ProcessSnapshot* const process = find_process(evidence.snapshot, waiting.pid);
    const ObjectKind kind = object_waited_at(evidence, waiting);
    if (kind != ObjectKind::condition && kind != ObjectKind::semaphore) return false;
    if (kind == ObjectKind::semaphore && waiting.wait.word != 0) return false;
    if (may_have_lost_a_thread(evidence, *process, waiting.wait)) return false;
    return std::ranges::none_of(who_would_have_to_go_on(evidence, waiting), [&](pid_t tid) {
        const ThreadWait* const waker = evidence.graph.of(tid);
        return !waker || waits_for_something_else(evidence, *waker);
    });
}

Finding tell_nobody_left(const Evidence& evidence, const ThreadWait& waiting) {
    const ObjectKind kind = object_waited_at(evidence, waiting);
    Finding finding = {
        .cause = Cause::lost_wakeup, .sentences = {}, .thread = waiting.tid, .nodes = {}, .edges = {}};
    finding.sentences.push_back(what_hangs(evidence, waiting));
    finding.sentences.emplace_back(
        kind == ObjectKind::condition
            ? "A condition variable keeps nothing: a signal that comes while nobody waits is lost. It has "
              "come "
              "before this wait, or it was never sent."
            : "The semaphore is 0: whatever was posted has been taken by others, or it was never posted.");
    finding.sentences.push_back(
        waiting.wait.wakers.empty()
            ? "No other thread that could reach it exists any more."
            : "No lock is waited for: all who could still wake it wait themselves, for what will not come.");
    add_who_waits_in_turn(finding, evidence, waiting);
    return finding;
}

}  // namespace

// Of a chain that ends at a sleeper whose word has changed since the fault is why.
std::optional<Finding> find_unmade_wake(const Evidence& evidence) {
    for (const ThreadWait* const thread : stuck_chain(evidence))
        if (const UnmadeWake* const wake = unmade_wake_of(evidence, *thread);
            wake && word_has_changed(evidence, *thread))
            return tell_unmade(evidence, *thread, *wake);
    return std::nullopt;
}

std::optional<Finding> find_lost_wakeup(const Evidence& evidence) {
    const auto chain = stuck_chain(evidence);
    for (const ThreadWait* const thread : chain)
        if (sleeps_though_changed(evidence, *thread)) return tell_changed(evidence, *thread);
    for (const ThreadWait* const thread : chain)
        if (nobody_is_left(evidence, *thread)) return tell_nobody_left(evidence, *thread);
    return std::nullopt;
}

}  // namespace rehang
