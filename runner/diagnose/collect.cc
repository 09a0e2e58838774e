#include "diagnose/collect.h"

#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "diagnose/cuts.h"
#include "diagnose/look_into.h"
#include "diagnose/outside.h"
#include "diagnose/proc_files.h"
#include "diagnose/retry_loops.h"
#include "diagnose/runner_knowledge.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/waits.h"

namespace rehang {
namespace {

Snapshot states_of(const Census& census) {
    Snapshot snapshot;
    for (const CensusProcess& counted : census.processes) {
        ProcessSnapshot process;
        process.pid = counted.pid;
        process.parent = counted.parent;
        process.name = counted.threads.front().name;
        for (const CensusThread& thread : counted.threads)
            process.threads.push_back({.tid = thread.tid,
                                       .inner_tid = 0,
                                       .name = thread.name,
                                       .nth = static_cast<unsigned>(process.threads.size()) + 1,
                                       .state = thread.state,
                                       .run_count = thread.run_count,
                                       .faults = thread.faults,
                                       .start_time = thread.start_time,
                                       .sleeps_in = {},
                                       .opens = {},
                                       .held_at = {},
                                       .waits_in = {},
                                       .retried_while = {},
                                       .spin = {}});
        process.zombie = std::ranges::all_of(process.threads, has_ended);
        snapshot.processes.push_back(std::move(process));
    }
    for (const ProcessSnapshot& child : snapshot.processes)
        for (ProcessSnapshot& process : snapshot.processes)
            if (process.pid == child.parent) process.children.push_back(child.pid);
    return snapshot;
}

// The waits of those who seem to be stuck; none: nothing to prove.
std::vector<ThreadWait> stuck_waits(const Snapshot& snapshot) {
    auto threads = build_graph(snapshot, waits_of(snapshot)).threads;
    std::erase_if(threads, [](const ThreadWait& thread) { return !thread.stuck; });
    return threads;
}

// A lock in private memory: nobody can end the wait who does not have this memory.
bool is_at_private_memory(const ThreadWait& waiting, const Snapshot& snapshot) {
    const ThreadSnapshot* const thread = find_thread(snapshot, waiting.tid);
    const bool at_one_word =
        thread && thread->syscall == SYS_futex && (thread->args[1] & FUTEX_CMD_MASK) != FUTEX_WAIT_REQUEUE_PI;
    if (waiting.wait.kind != WaitKind::futex || !at_one_word) return false;
    const ProcessSnapshot* const process = find_process(snapshot, waiting.pid);
    const elf::Mapping* const mapping = process ? mapping_at(*process, waiting.wait.address) : nullptr;
    return mapping && !mapping->shared;
}

Reach who_could_help(const std::vector<ThreadWait>& stuck, const Snapshot& snapshot) {
    const bool only_locks = std::ranges::all_of(
        stuck, [&](const ThreadWait& waiting) { return is_at_private_memory(waiting, snapshot); });
    return only_locks ? Reach::address_space : Reach::everything;
}

}  // namespace

Snapshot Collector::collect(const Scope& scope, Detail detail) {
    return scope.world == World::sandbox ? collect_in_sandbox(scope, detail)
                                         : collect_on_machine(scope, detail);
}

Snapshot Collector::collect_in_sandbox(const Scope& scope, Detail detail) {
    const Census before = take_census(scope.roots, Roots::do_not_count, last_census_);
    const bool asleep = all_sleep(before);
    const bool still_true = asleep && last_.consistent && before == last_census_ && !something_moves(last_);
    if (!still_true) {
        last_ = states_of(before);
        if (asleep || detail == Detail::always) look_into(last_, scope);
    }
    // What the runner knows may change while nobody runs: it is put onto a copy each time.
    Snapshot snapshot = last_;
    add_what_the_runner_knows(snapshot, scope);
    check_spins(snapshot);
    snapshot.consistent = last_.consistent =
        asleep && take_census(scope.roots, Roots::do_not_count, before) == before;
    last_census_ = before;
    return snapshot;
}

// Two cuts, and the rest of the machine is looked through in between: that takes longer than a thread sleeps
// that asks again and again, and decides something only where somebody seems to be stuck. Who is unchanged in
// both cuts has not been woken meanwhile, so that nobody outside can have got anything from it.
Snapshot Collector::collect_on_machine(const Scope& scope, Detail detail) {
    Snapshot first = cut_patiently(scope);
    const auto stuck = stuck_waits(first);
    if (detail != Detail::always && stuck.empty()) return first;
    const Outside outside =
        look_outside(first, stuck.empty() ? Reach::everything : who_could_help(stuck, first));
    Snapshot second = cut_patiently(scope);
    mark_changed(first, second);
    std::ranges::copy(outside.processes, std::back_inserter(second.processes));
    second.unseen = outside.unseen;
    second.detailed = true;
    return second;
}

// Others may run meanwhile, and are marked: only those that slept all the time are seen as of one moment.
Snapshot Collector::cut(const Scope& scope) {
    // Where nobody ran during the last cut, its end is as good a beginning as a moment of our own.
    const Census before =
        last_was_calm_ ? last_census_ : take_census(scope.roots, Roots::count, last_census_);
    Snapshot snapshot = states_of(before);
    snapshot.world = World::machine;
    names_.name(before, snapshot);
    read_details(snapshot, take_over_threads(snapshot, last_, before == last_census_));
    snapshot.detailed = false;
    const Census after = take_census(scope.roots, Roots::count, before);
    mark_moved(snapshot, before, after);
    snapshot.consistent = true;
    last_ = snapshot;
    last_census_ = after;
    last_was_calm_ = all_sleep(before) && after == before;
    return snapshot;
}

// A thread that wakes up every millisecond to ask again may do so just now; soon it sleeps for long enough.
Snapshot Collector::cut_patiently(const Scope& scope) {
    constexpr int most = 8;
    Snapshot snapshot = cut(scope);
    for (int i = 1; i < most && somebody_asks_again(snapshot); ++i) snapshot = cut(scope);
    return snapshot;
}

void Collector::read_details(Snapshot& snapshot, const std::set<pid_t>& known_threads) {
    for (ProcessSnapshot& process : snapshot.processes) look_into_process(process, known_threads);
    find_shared_memory(snapshot);
    snapshot.ipc_namespace_outside = proc::read_namespace("/proc/self/ns/ipc");
    read_asked_memory(snapshot);
    compare_watched(snapshot);
    sockets_.add_to(snapshot);
    for (ProcessSnapshot& process : snapshot.processes) recognise_retry_loops(process);
    snapshot.detailed = true;
}

void Collector::look_into(Snapshot& snapshot, const Scope& scope) {
    read_details(snapshot, {});
    for (const pid_t root : scope.roots)
        std::ranges::copy(channels_of(fmt::format("/proc/{}", root)),
                          std::back_inserter(snapshot.held_outside));
    if (std::ranges::find(scope.roots, getpid()) == scope.roots.end())
        std::ranges::copy(channels_of("/proc/self"), std::back_inserter(snapshot.held_outside));
}

void Collector::recognise_retry_loops(ProcessSnapshot& process) {
    constexpr size_t frames = 3;  // a wrapper like syscall(), the function that waits, its caller
    for (ThreadSnapshot& thread : process.threads) {
        if (!is_timed_futex_wait(thread)) continue;
        const auto stack =
            thread.guest ? guest_unwinder(process, thread.guest->base).unwind(*thread.guest, nullptr, frames)
                         : unwinder(process).unwind({.pc = thread.pc, .sp = thread.sp}, nullptr, frames,
                                                    elf::FramePointer::only_known);
        if (const RetryLoop* const loop = retry_loop_of(stack)) thread.retried_while = loop->locked_bits;
    }
}

elf::Unwinder& Collector::unwinder(const ProcessSnapshot& process) {
    const auto executable =
        static_cast<size_t>(std::ranges::count_if(process.mappings, &elf::Mapping::executable));
    const auto kept = unwinders_.find(process.pid);
    if (kept != unwinders_.end() && kept->second.mappings == executable) return kept->second.unwinder;
    return unwinders_
        .insert_or_assign(process.pid,
                          KeptUnwinder{.unwinder = elf::Unwinder(living_threads(process).front(), files_),
                                       .mappings = executable})
        .first->second.unwinder;
}

elf::Unwinder& Collector::guest_unwinder(const ProcessSnapshot& process, std::uint64_t base) {
    // What a guest executes is not executable here: files count.
    const auto files = static_cast<size_t>(std::ranges::count_if(
        process.mappings, [](const elf::Mapping& mapping) { return mapping.path.starts_with('/'); }));
    const auto kept = guest_unwinders_.find(process.pid);
    if (kept != guest_unwinders_.end() && kept->second.mappings == files) return kept->second.unwinder;
    return guest_unwinders_
        .insert_or_assign(process.pid, KeptUnwinder{.unwinder = elf::Unwinder::of_guest(
                                                        living_threads(process).front(), base, files_),
                                                    .mappings = files})
        .first->second.unwinder;
}

}  // namespace rehang
