// The files of /proc that a snapshot is made of: their formats, and reading them. Source: proc(5).
// A file of a process that has gone reads as nothing; that is normal and never an error.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnose/snapshot.h"

namespace rehang::proc {

struct Stat {
    std::string comm;
    char state = '?';
    pid_t parent = 0;
    pid_t session = 0;
    int terminal = 0;  // device number of the controlling terminal, 0: none
    bool kernel_thread = false;
    std::uint64_t faults = 0;      // pages that it was given, from a disk or not
    std::uint64_t start_time = 0;  // clock ticks since boot
};
std::optional<Stat> parse_stat(std::string_view text);

// Nothing where the kernel does not count ("0 0 0").
std::optional<RunCount> parse_schedstat(std::string_view text);

struct Syscall {
    bool running = false;
    long number = -1;  // -1: asleep or stopped outside of a system call; only sp and pc are set then
    std::array<std::uint64_t, 6> args{};
    std::uint64_t sp = 0, pc = 0;
};
std::optional<Syscall> parse_syscall(std::string_view text);

struct Status {
    pid_t inner_tid = 0;  // the last, innermost, number of NSpid
    pid_t tracer = 0;
    std::uint64_t caught = 0;  // SigCgt without SigBlk
    RunCount switches;         // voluntary and other context switches, for kernels without schedstat
};
Status parse_status(std::string_view text);

struct FdInfo {
    unsigned flags = 0;  // as open(2)
    unsigned scm_fds = 0;
    std::optional<std::uint64_t> eventfd_id;
    bool timer_armed = false;  // or has expired, unread
    bool inotify_watches = false;
    pid_t pid = 0;             // of a pidfd
    bool unused_ring = false;  // of an io_uring: nothing was ever submitted, and nothing has completed
    std::vector<WatchedDescriptor> watched;
    std::vector<FileLock> locks;
};
FdInfo parse_fdinfo(std::string_view text);

// What follows "lock:" in fdinfo, like a line of /proc/locks (proc(5)): "1: FLOCK  ADVISORY  WRITE 359
// 00:13:11691 0 EOF".
FileLock parse_lock(std::string_view line);

// "123" of "pipe:[123]"; nothing for another kind of target.
std::optional<std::uint64_t> inode_in(std::string_view target, std::string_view kind);

// The numbers among the names in a folder, ascending: processes, threads, descriptors. Nothing where it can't
// be read.
std::optional<std::vector<pid_t>> numbers_in(const std::string& folder);
// The children of all threads of a process.
std::vector<pid_t> children_of(pid_t pid, const std::vector<pid_t>& tids);

// schedstat, or the context switches where it counts nothing. Nothing for a thread that is gone.
std::optional<RunCount> read_run_count(pid_t pid, pid_t tid);

// The target of each descriptor of a process, without more: cheap enough for all processes of a machine.
// `task` as below.
std::optional<std::vector<std::string>> read_descriptor_targets(const std::string& task);
// The inode of a namespace, like "/proc/12/ns/ipc"; 0 where it can't be read.
std::uint64_t read_namespace(const std::string& link);

// The descriptors of a process, by number. `task` is a folder like /proc/12 or /proc/12/task/13: a process
// whose main thread has ended shows its descriptors only there. Nothing where they can't be read.
std::optional<std::vector<DescriptorSnapshot>> read_descriptors(const std::string& task);

}  // namespace rehang::proc
