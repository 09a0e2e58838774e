#include "diagnose/collect.h"

#include <fmt/format.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "diagnose/asked_memory.h"
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
                                       .held_at = {},
                                       .retried_while = {}});
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
}

void add_what_the_runner_knows(Snapshot& snapshot, const Scope& scope) {
    for (ProcessSnapshot& process : snapshot.processes) {
        // Looked up from the end: should a pid have been used twice, the later process is meant.
        const auto known = std::ranges::find(scope.processes.rbegin(), scope.processes.rend(), process.pid,
                                             &KnownProcess::pid);
        if (known == scope.processes.rend()) continue;
        process.path = known->path;
        process.inner_pid = known->inner_pid;
        process.alarm = process.alarm || known->alarm;
        process.exit_status = known->exit_status;
        for (ThreadSnapshot& thread : process.threads) add_what_the_runner_knows(thread, *known);
        std::ranges::sort(process.threads, {}, &ThreadSnapshot::nth);
    }
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
    if (const auto syscall = proc::parse_syscall(read_file_or_empty(task + "/syscall"))) {
        thread.in_syscall = !syscall->running && syscall->number >= 0;
        thread.syscall = syscall->number;
        thread.args = syscall->args;
        thread.sp = syscall->sp;
        thread.pc = syscall->pc;
    }
    // The runner has been told of the call and has not answered yet.
    if (read_file_or_empty(task + "/wchan").starts_with("seccomp_do_user_notification")) thread.paused = true;
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

void look_into_process(ProcessSnapshot& process) {
    for (ThreadSnapshot& thread : process.threads) look_into_thread(thread, process.pid);
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
    for (const ProcessSnapshot& process : snapshot.processes)
        for (const ThreadSnapshot& thread : process.threads)
            for (const MemoryPiece& piece : memory_asked_for(thread)) {
                const auto& bytes = read_piece(snapshot, process.pid, piece);
                for (const MemoryPiece& next : memory_pointed_to(thread, bytes))
                    read_piece(snapshot, process.pid, next);
            }
}

std::vector<DescriptorSnapshot> pipes_of(const std::string& process) {
    auto descriptors = proc::read_descriptors(process).value_or(std::vector<DescriptorSnapshot>());
    std::erase_if(descriptors, [](const auto& descriptor) { return !descriptor.pipe; });
    return descriptors;
}

}  // namespace

Snapshot Collector::collect(const Scope& scope, Detail detail) {
    const Census before = take_census(scope.init);
    const bool asleep = all_sleep(before);
    const bool still_true = asleep && last_.consistent && before == last_census_;
    if (!still_true) {
        last_ = states_of(before);
        if (asleep || detail == Detail::always) look_into(last_, scope);
    }
    last_.consistent = asleep && take_census(scope.init) == before;
    last_census_ = before;
    // What the runner knows may change while nobody runs: it is put onto a copy each time.
    Snapshot snapshot = last_;
    add_what_the_runner_knows(snapshot, scope);
    return snapshot;
}

void Collector::look_into(Snapshot& snapshot, const Scope& scope) {
    for (ProcessSnapshot& process : snapshot.processes) look_into_process(process);
    find_shared_memory(snapshot);
    snapshot.ipc_namespace_outside = proc::read_namespace("/proc/self/ns/ipc");
    read_asked_memory(snapshot);
    for (ProcessSnapshot& process : snapshot.processes) recognise_retry_loops(process);
    snapshot.held_outside = pipes_of(fmt::format("/proc/{}", scope.init));
    if (scope.init != getpid())
        std::ranges::copy(pipes_of("/proc/self"), std::back_inserter(snapshot.held_outside));
    snapshot.detailed = true;
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
