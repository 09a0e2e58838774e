#include "diagnose/look_into.h"

#include <fmt/format.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/files.h"
#include "diagnose/asked_memory.h"
#include "diagnose/guest_thread.h"
#include "diagnose/paths_asked.h"
#include "diagnose/proc_files.h"
#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

// /proc tells the number of a system call, not by which of the machine's tables: the instruction does.
bool comes_from_syscall(pid_t tid, std::uint64_t pc) {
    const std::vector<unsigned char> instruction = {0x0f, 0x05};
    return read_memory(tid, pc - instruction.size(), instruction.size()) == instruction;
}

// poll(2) without a time-out goes on as restart_syscall(2) when a stop has interrupted it (a tracer's, say),
// with its arguments in their registers. What it was tells the code that made it: `mov $7, %eax; syscall`.
bool is_endless_poll(pid_t tid, const proc::Syscall& syscall) {
    if (syscall.number != SYS_restart_syscall || static_cast<int>(syscall.args[2]) >= 0) return false;
    const std::vector<unsigned char> code = {0xb8, SYS_poll, 0, 0, 0, 0x0f, 0x05};
    return read_memory(tid, syscall.pc - code.size(), code.size()) == code;
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
        thread.syscall = is_endless_poll(thread.tid, *syscall) ? SYS_poll : syscall->number;
        thread.args = syscall->args;
        thread.sp = syscall->sp;
        thread.pc = syscall->pc;
        if (thread.in_syscall) thread.by_syscall = comes_from_syscall(thread.tid, syscall->pc);
    }
    thread.sleeps_in = read_record(task + "/wchan");
    // The runner has been told of the call and has not answered yet.
    if (thread.sleeps_in.starts_with("seccomp_do_user_notification")) thread.paused = true;
}

void look_into_guest(ProcessSnapshot& process) {
    for (ThreadSnapshot& thread : process.threads)
        if (thread.in_syscall && thread.by_syscall)
            thread.guest =
                guest_registers_at(process.pid, process.mappings,
                                   {.number = thread.syscall, .args = thread.args, .sp = thread.sp});
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

// A kernel without CONFIG_CHECKPOINT_RESTORE does not show them: then there may be some.
bool may_have_posix_timers(pid_t pid) {
    static const bool shown = access("/proc/self/timers", F_OK) == 0;
    return !shown || !read_file_or_empty(fmt::format("/proc/{}/timers", pid)).empty();
}

// Something that this version does not follow, and that may end any wait of its process. A ring to which
// nothing was ever submitted has nothing to complete; to submit takes a thread that runs.
bool is_untracked_waker(const DescriptorSnapshot& descriptor) {
    if (descriptor.target == "anon_inode:[io_uring]") return !descriptor.unused_ring;
    return descriptor.target == "anon_inode:[userfaultfd]";
}

// Is what `epoll` watches as the file number `fd`, the `nth` of that number from 0, still the process's file
// `fd`?
bool watches(pid_t pid, int epoll, int fd, unsigned nth) {
    const kcmp_epoll_slot slot = {
        .efd = static_cast<std::uint32_t>(epoll), .tfd = static_cast<std::uint32_t>(fd), .toff = nth};
    return syscall(SYS_kcmp, pid, pid, KCMP_EPOLL_TFD, fd, &slot) == 0;
}

const std::vector<unsigned char>& read_piece(Snapshot& snapshot, pid_t pid, const MemoryPiece& piece) {
    auto bytes = read_memory(pid, piece.address, piece.size);
    if (bytes.size() < piece.at_least) bytes = read_memory(pid, piece.address, piece.at_least);
    auto& kept = snapshot.memory[{pid, piece.address}];
    if (bytes.size() > kept.size()) kept = std::move(bytes);
    return kept;
}

}  // namespace

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
    if (runs_arm64_guest(process.mappings)) look_into_guest(process);
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

}  // namespace rehang
