#include "diagnose/collect.h"

#include <fmt/format.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/files.h"
#include "diagnose/asked_memory.h"
#include "diagnose/outside.h"
#include "diagnose/paths_asked.h"
#include "diagnose/proc_files.h"
#include "diagnose/retry_loops.h"
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

void add_what_the_runner_knows(ThreadSnapshot& thread, const KnownProcess& known) {
    const auto found = std::ranges::find(known.threads, thread.tid, &KnownThread::tid);
    if (found == known.threads.end()) return;
    if (found->nth > 0) thread.nth = found->nth;
    thread.held_at = found->held_at;
    if (found->stopped_by_signal && thread.state == 't') thread.state = 'T';
    // What was seen of a thread before the runner knew that it stays is past.
    const bool stays = thread.held_at || found->stopped_by_signal;
    thread.paused = found->paused || (!stays && thread.paused);
    thread.spin = found->spin;
}

void add_what_the_runner_knows(Snapshot& snapshot, const Scope& scope) {
    for (ProcessSnapshot& process : snapshot.processes) {
        // Looked up from the end: should a pid have been used twice, the later process is meant.
        const auto known = std::ranges::find(scope.processes.rbegin(), scope.processes.rend(), process.pid,
                                             &KnownProcess::pid);
        if (known == scope.processes.rend()) continue;
        process.path = known->path;
        if (known->inner_pid > 0) process.inner_pid = known->inner_pid;
        process.alarm = process.alarm || known->alarm;
        process.exit_status = known->exit_status;
        process.limited_processor_time = known->processor_timer;
        for (ThreadSnapshot& thread : process.threads) add_what_the_runner_knows(thread, *known);
        std::ranges::sort(process.threads, {}, &ThreadSnapshot::nth);
    }
}

// /proc tells the number of a system call, not by which of the machine's tables: the instruction does.
bool comes_from_syscall(pid_t tid, std::uint64_t pc) {
    const std::vector<unsigned char> instruction = {0x0f, 0x05};
    return read_memory(tid, pc - instruction.size(), instruction.size()) == instruction;
}

void look_into_thread(ThreadSnapshot& thread, pid_t pid) {
    const std::string task = fmt::format("/proc/{}/task/{}", pid, thread.tid);
    const auto status = proc::parse_status(read_file_or_empty(task + "/status"));
    thread.inner_tid = status.inner_tid;
    thread.tracer = status.tracer;
    thread.caught = status.caught;
    // It has come to something that the runner has not been told of yet.
    if (thread.state == 't' && thread.tracer == getpid() && !thread.held_at) thread.paused = true;
    if (has_ended(thread)) return;
    if (const auto syscall = proc::parse_syscall(read_record(task + "/syscall"))) {
        thread.in_syscall = !syscall->running && syscall->number >= 0;
        thread.syscall = syscall->number;
        thread.args = syscall->args;
        thread.sp = syscall->sp;
        thread.pc = syscall->pc;
        if (thread.in_syscall) thread.by_syscall = comes_from_syscall(thread.tid, syscall->pc);
    }
    thread.sleeps_in = read_record(task + "/wchan");
    // The runner has been told of the call and has not answered yet.
    if (thread.sleeps_in.starts_with("seccomp_do_user_notification")) thread.paused = true;
}

// One address space has the same mappings, so most need not be compared by kcmp(2). Where that is not
// allowed, a fork's copy counts as the same memory: a waker too many.
bool same_address_space(const ProcessSnapshot& one, const ProcessSnapshot& other) {
    const auto same = [](const elf::Mapping& a, const elf::Mapping& b) {
        return a.start == b.start && a.end == b.end;
    };
    if (one.mappings.empty() || !std::ranges::equal(one.mappings, other.mappings, same)) return false;
    const long order =
        syscall(SYS_kcmp, living_threads(one).front(), living_threads(other).front(), KCMP_VM, 0UL, 0UL);
    return order <= 0;  // 1 to 3: different; negative: not allowed
}

void find_shared_memory(Snapshot& snapshot) {
    for (ProcessSnapshot& process : snapshot.processes)
        for (ProcessSnapshot& earlier : snapshot.processes) {
            if (&earlier == &process) break;
            if (!same_address_space(process, earlier)) continue;
            if (earlier.memory_of == 0) earlier.memory_of = earlier.pid;
            process.memory_of = earlier.memory_of;
            break;
        }
}

// A kernel without CONFIG_CHECKPOINT_RESTORE does not show them: then there may be some.
bool may_have_posix_timers(pid_t pid) {
    static const bool shown = access("/proc/self/timers", F_OK) == 0;
    return !shown || !read_file_or_empty(fmt::format("/proc/{}/timers", pid)).empty();
}

// Something that this version does not follow, and that may end any wait of its process.
bool is_untracked_waker(const DescriptorSnapshot& descriptor) {
    return descriptor.target == "anon_inode:[io_uring]" || descriptor.target == "anon_inode:[userfaultfd]";
}

// Is what `epoll` watches as the file number `fd`, the `nth` of that number from 0, still the process's file
// `fd`?
bool watches(pid_t pid, int epoll, int fd, unsigned nth) {
    const kcmp_epoll_slot slot = {
        .efd = static_cast<std::uint32_t>(epoll), .tfd = static_cast<std::uint32_t>(fd), .toff = nth};
    return syscall(SYS_kcmp, pid, pid, KCMP_EPOLL_TFD, fd, &slot) == 0;
}

void look_into_process(ProcessSnapshot& process, const std::set<pid_t>& known_threads) {
    for (ThreadSnapshot& thread : process.threads)
        if (!known_threads.contains(thread.tid)) look_into_thread(thread, process.pid);
    if (process.inner_pid == 0) process.inner_pid = process.threads.front().inner_tid;
    if (process.zombie) return;
    // The main thread may have ended before the others: what the process owns is then seen only through one
    // that is left.
    const pid_t left = living_threads(process).front();
    auto descriptors = proc::read_descriptors(fmt::format("/proc/{}/task/{}", process.pid, left));
    process.mappings = elf::read_mappings(left);
    process.unreadable = !descriptors || process.mappings.empty();
    process.descriptors = std::move(descriptors).value_or(std::vector<DescriptorSnapshot>());
    process.alarm = process.alarm || may_have_posix_timers(left);
    process.untracked_wakers = std::ranges::any_of(process.descriptors, is_untracked_waker);
    process.ipc_namespace = proc::read_namespace(fmt::format("/proc/{}/ns/ipc", left));
}

const std::vector<unsigned char>& read_piece(Snapshot& snapshot, pid_t pid, const MemoryPiece& piece) {
    auto bytes = read_memory(pid, piece.address, piece.size);
    if (bytes.size() < piece.at_least) bytes = read_memory(pid, piece.address, piece.at_least);
    auto& kept = snapshot.memory[{pid, piece.address}];
    if (bytes.size() > kept.size()) kept = std::move(bytes);
    return kept;
}

void read_asked_memory(Snapshot& snapshot) {
    for (ProcessSnapshot& process : snapshot.processes)
        for (ThreadSnapshot& thread : process.threads) {
            thread.opens = named_by(thread, process);
            for (const MemoryPiece& piece : memory_asked_for(thread)) {
                const auto& bytes = read_piece(snapshot, process.pid, piece);
                for (const MemoryPiece& next : memory_pointed_to(thread, bytes))
                    read_piece(snapshot, process.pid, next);
            }
        }
}

// Whoever was not asleep, or was put on a CPU in between, may do anything. The same holds for one that is
// gone.
void mark_moved(Snapshot& snapshot, const Census& before, const Census& after) {
    for (ProcessSnapshot& process : snapshot.processes)
        for (ThreadSnapshot& thread : process.threads) {
            const CensusThread* const first = find_thread(before, thread.tid);
            const CensusThread* const last = find_thread(after, thread.tid);
            thread.moved = !first || !last || *first != *last || !sleeps(*first);
        }
}

bool is_unchanged(const ThreadSnapshot& one, const ThreadSnapshot& other) {
    const bool asks_again = one.retried_while && other.retried_while;
    return one.start_time == other.start_time && one.in_syscall == other.in_syscall &&
           one.syscall == other.syscall && one.sp == other.sp && one.pc == other.pc &&
           (asks_again || (one.args == other.args && one.run_count == other.run_count));
}

void mark_changed(const Snapshot& earlier, Snapshot& snapshot) {
    for (ProcessSnapshot& process : snapshot.processes)
        for (ThreadSnapshot& thread : process.threads) {
            const ThreadSnapshot* const before = find_thread(earlier, thread.tid);
            thread.moved = thread.moved || !before || !is_unchanged(*before, thread);
        }
}

bool somebody_asks_again(const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot.processes, [](const ProcessSnapshot& process) {
        return std::ranges::any_of(process.threads, [](const ThreadSnapshot& thread) {
            return thread.moved && thread.retried_while;
        });
    });
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

bool is_still_as_it_was(pid_t pid, const spin::Spin& seen) {
    return std::ranges::all_of(seen.memory, [&](const spin::Piece& piece) {
        return read_memory(pid, piece.address, piece.bytes.size()) == piece.bytes;
    });
}

bool has_processor_limit(pid_t pid) {
    const std::string limits = read_file_or_empty(fmt::format("/proc/{}/limits", pid));
    constexpr std::string_view key = "Max cpu time";
    const size_t at = limits.find(key);
    if (at == std::string::npos) return true;
    const size_t value = limits.find_first_not_of(' ', at + key.size());
    return value == std::string::npos || !limits.substr(value).starts_with("unlimited");
}

// An endless loop stays one only as long as the memory that it reads stays as it was.
void check_spins(Snapshot& snapshot) {
    for (ProcessSnapshot& process : snapshot.processes)
        for (ThreadSnapshot& thread : process.threads) {
            if (!thread.spin) continue;
            if (thread.spin->endless && !is_still_as_it_was(process.pid, *thread.spin)) thread.spin = nullptr;
            process.limited_processor_time =
                process.limited_processor_time || has_processor_limit(process.pid);
        }
}

// An epoll descriptor watches files, not numbers: the one that it was told may lead elsewhere by now.
void compare_watched(Snapshot& snapshot) {
    for (ProcessSnapshot& process : snapshot.processes)
        for (DescriptorSnapshot& descriptor : process.descriptors) {
            std::map<int, unsigned> seen;  // several files may have been added under one number
            for (WatchedDescriptor& watched : descriptor.watched)
                watched.still_that = watches(process.pid, descriptor.fd, watched.fd, seen[watched.fd]++);
        }
}

std::vector<DescriptorSnapshot> channels_of(const std::string& process) {
    auto descriptors = proc::read_descriptors(process).value_or(std::vector<DescriptorSnapshot>());
    std::erase_if(descriptors, [](const auto& descriptor) { return descriptor.kind == FileKind::other; });
    return descriptors;
}

// Then the kernel changes something without anybody running.
bool something_moves(const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot.sockets, [](const auto& entry) { return entry.second.moving; });
}

// Threads that have not run since the last cut wait where they did: what was read of them is still true.
// Returns who they are.
std::set<pid_t> take_over_threads(Snapshot& snapshot, const Snapshot& last, bool nobody_ran) {
    std::set<pid_t> known;
    if (!nobody_ran) return known;
    for (ProcessSnapshot& process : snapshot.processes)
        for (ThreadSnapshot& thread : process.threads) {
            const ThreadSnapshot* const before = find_thread(last, thread.tid);
            if (!before || before->moved) continue;
            thread = *before;
            known.insert(thread.tid);
        }
    return known;
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
        const auto stack = unwinder(process).unwind({.pc = thread.pc, .sp = thread.sp}, nullptr, frames,
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

}  // namespace rehang
