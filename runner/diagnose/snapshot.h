// What a set of processes looks like at one moment, read from /proc without stopping anyone. Data only;
// collect.h fills it.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "elf/guest_registers.h"
#include "elf/modules.h"
#include "spin/loop_finder.h"

namespace rehang {

// Who could be at the other end of what the processes wait for.
enum class World {
    sandbox,  // nobody but the processes below one init, and the runner
    machine,  // whoever else lives on the machine
};

// How often and how long a thread has run so far; two equal readings mean that it has not run in between.
// Source: /proc/TID/schedstat (proc(5)), or the context switches of /proc/TID/status where the kernel has no
// schedstat.
struct RunCount {
    std::uint64_t cpu_ns = 0;
    std::uint64_t times_run = 0;
    bool operator==(const RunCount&) const = default;
};

// What a descriptor leads to: which rule says who could end a wait there.
enum class FileKind {
    other,  // a regular file, a device, a terminal, or something that this version does not follow
    pipe,   // or a FIFO
    socket,
    eventfd,
    timerfd,
    signalfd,
    epoll,
    pidfd,
    inotify,
    message_queue,  // POSIX
};

// What an epoll descriptor watches. Source: the tfd lines of /proc/PID/fdinfo/FD.
struct WatchedDescriptor {
    int fd = -1;  // the number under which it was added
    std::uint32_t events = 0;
    std::uint64_t inode = 0;
    bool still_that = false;  // `fd` is still the file that was added (kcmp(2), KCMP_EPOLL_TFD)
};

// A lock that is held through an open file. Source: the lock lines of /proc/PID/fdinfo/FD, which tell only
// the locks of this open file, unlike /proc/locks, which hides those whose taker has ended.
struct FileLock {
    enum class Type {
        flock,  // belongs to the open file, so also to whoever inherits it
        posix,  // fcntl's: belongs to the process
        ofd,    // fcntl's "open file description" locks: belongs to the open file
        other,  // leases and what else there may be
    };
    Type type = Type::other;
    bool exclusive = false;
    std::uint64_t first = 0, last = UINT64_MAX;  // bytes; a flock has all of them
    bool operator==(const FileLock&) const = default;
};

struct DescriptorSnapshot {
    int fd = -1;
    std::string target;  // "pipe:[123]", "/tmp/x", "socket:[7]", "anon_inode:[eventpoll]"
    FileKind kind = FileKind::other;
    std::uint64_t inode = 0;                  // of a pipe, socket or file with a name; an eventfd's id
    std::uint64_t device = 0;                 // of a file with a name, also a FIFO: st_dev; 0 for pipes
    bool regular = false;                     // a regular file that is no message queue
    bool readable = false, writable = false;  // access mode
    unsigned scm_fds = 0;                     // of a unix socket: descriptors in flight in its queue
    bool armed = false;                       // of a timerfd: will expire, or has
    bool watches = false;                     // of an inotify: it watches some file
    pid_t watched_pid = 0;                    // of a pidfd; -1: has ended and was waited for
    std::vector<WatchedDescriptor> watched;   // of an epoll descriptor
    std::vector<FileLock> locks;              // held through it
    bool sends_signals = false;               // O_ASYNC: a signal comes when it becomes ready
    bool unused_ring = false;                 // of an io_uring: nothing was ever submitted to it
};

// What a network namespace can bring forth without anybody in it doing anything. As said here, if it can't be
// read. Sources: /proc/PID/net; NS_GET_USERNS of ioctl_ns(2).
struct NetworkSnapshot {
    bool only_loopback = false;      // `lo` is all that it has
    bool raw_sockets = true;         // somebody may route multicast packets: that takes a raw socket
    bool of_initial_user_ns = true;  // owned by the machine's first user namespace
};

// Source: netlink_diag.h of the kernel's interface.
struct NetlinkSnapshot {
    int protocol = -1;             // NETLINK_ROUTE …
    std::vector<unsigned> groups;  // of multicast, from 1, that it listens to
    bool other_networks = true;    // … also of other network namespaces (NETLINK_LISTEN_ALL_NSID)
    NetworkSnapshot network;
};

// Sources: sock_diag(7) in the socket's network namespace; its time-outs by getsockopt(2) on a copy of the
// descriptor.
struct SocketSnapshot {
    enum class Family { unix_domain, tcp, udp, netlink };
    Family family = Family::unix_domain;
    int type = 0;  // SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET
    bool listening = false;
    bool connected = false;
    std::optional<std::uint64_t> peer;  // of a connected one: inode; 0: closed, or not accepted yet. Nothing:
                                        // not on this machine, or not known
    std::vector<std::uint64_t>
        not_accepted_by;  // the listening sockets that may have the connection in their queue
    std::string name;     // "/run/x", "@abstract", "127.0.0.1:80"; "" for none
    std::uint64_t file_inode = 0,
                  file_device = 0;  // of the file that a unix socket's name made: st_ino, st_dev
    bool input_ended = false;       // there is nothing to come: shut down, or the peer's end has come
    bool moving = false;            // bytes or a connection may be on their way, or a timer goes on
    bool private_network = false;   // its network namespace has no processes but those of the sandbox
    struct TimeOuts {
        bool receiving = false, sending = false;  // SO_RCVTIMEO; SO_SNDTIMEO or TCP_USER_TIMEOUT
    };
    std::optional<TimeOuts> time_outs;  // nothing: could not be read
    NetlinkSnapshot netlink;            // of a netlink socket only
};

struct ThreadSnapshot {
    pid_t tid = 0;        // as the runner sees it
    pid_t inner_tid = 0;  // in the innermost pid namespace: what futex words and lock owners hold (NSpid)
    std::string name;     // comm
    unsigned nth = 0;     // birth number in its process, main is 1
    char state = '?';     // proc(5): R S D T t Z X
    RunCount run_count;
    std::uint64_t faults = 0;      // pages that it was given so far
    std::uint64_t start_time = 0;  // clock ticks since boot
    // From /proc/TID/syscall. in_syscall false: running, or stopped outside of one.
    bool in_syscall = false;
    long syscall = -1;
    std::array<std::uint64_t, 6> args{};
    std::uint64_t sp = 0, pc = 0;
    bool by_syscall = true;  // by the instruction of this name: `int 0x80` makes 32-bit calls from anywhere
    // Of a program that qemu-user runs in this thread: where it stands.
    std::optional<elf::GuestRegisters> guest = {};
    std::string sleeps_in;  // the kernel's function, from /proc/TID/wchan; "" or "0": not told
    // What the path leads to that it is about to open, or to connect to: a FIFO, a socket's file.
    std::optional<DescriptorSnapshot> opens;
    // By the runner: stays at a point, or is stopped for a moment and will go on.
    std::optional<std::string> held_at;
    bool paused = false;
    std::string waits_in;  // "KVM_RUN of the fake /dev/kvm": the runner made it call pause(2) for that
    bool moved = false;    // was put on a CPU while the others were read, or was about to be
    pid_t tracer = 0;      // the thread that traces it by ptrace(2)
    // The signals, bit n - 1 for number n, that would run a handler in this thread now: its process catches
    // them and it does not block them.
    std::uint64_t caught = 0;
    // A timed futex wait in a loop that repeats it for ever as long as (word & mask) != 0: the mask
    // (diagnose/retry_loops.h).
    std::optional<std::uint32_t> retried_while;
    // An endless loop in which it stands, stopped by the runner, its memory checked at this very moment; or
    // why what was seen of it is none. Null: nobody has looked.
    std::shared_ptr<const spin::Spin> spin;
};

struct ProcessSnapshot {
    pid_t pid = 0;
    pid_t inner_pid = 0;
    pid_t parent = 0;      // current parent: the init of the sandbox for orphans
    std::string path;      // "probe/1"; "" if the runner has no name for it
    std::string name;      // comm
    bool outside = false;  // not asked about, but it shares something with those that are: it may do
                           // anything at any time
    bool zombie = false;   // all of it: every thread has ended
    std::optional<int> exit_status;  // of a zombie, as wait(2) gives it, where it is known
    // A timer or a limit may end what uses the processor: ITIMER_PROF, ITIMER_VIRTUAL, RLIMIT_CPU.
    bool limited_processor_time = false;
    bool alarm = false;  // a timer of the process may send it a signal: setitimer, alarm, timer_create
    bool untracked_wakers =
        false;                // has an io_uring, a signalfd … : something that this version does not follow
    bool unreadable = false;  // its descriptors or mappings can't be read: it could hold anything
    // Of processes with one address space (CLONE_VM without CLONE_THREAD: vfork, posix_spawn before its exec)
    // the pid of the first one; 0 for a process with one of its own.
    pid_t memory_of = 0;
    std::uint64_t ipc_namespace = 0;      // inode of /proc/PID/ns/ipc; 0: can't be read
    std::vector<ThreadSnapshot> threads;  // by birth
    std::vector<DescriptorSnapshot> descriptors;
    std::vector<elf::Mapping> mappings;
    std::vector<pid_t> children;
};

struct Snapshot {
    World world = World::sandbox;
    std::vector<ProcessSnapshot> processes;  // by birth where known
    // Words, time-outs and pollfds that the waits point to, read from the processes' memory at the same
    // moment: (pid, address) -> bytes.
    std::map<std::pair<pid_t, std::uint64_t>, std::vector<unsigned char>> memory;
    // What somebody holds who is not looked at: the runner itself and the init of the sandbox.
    std::vector<DescriptorSnapshot> held_outside;
    // World::machine: processes that can't be looked into, as a sentence; any of them could hold anything.
    std::optional<std::string> unseen;
    std::uint64_t ipc_namespace_outside = 0;  // the runner's own, and of all who live there
    // By inode: those of the network namespaces of processes that wait at a socket, with their peers.
    std::map<std::uint64_t, SocketSnapshot> sockets;
    // Threads that were asleep through the whole collection, each proven by equal RunCounts before and after:
    // then all of this was true at one moment. False: somebody ran, look again.
    bool consistent = false;
    // False: only the threads' states were read, because somebody was running. World::machine: who is outside
    // was not looked at, because nobody seemed to be stuck.
    bool detailed = false;
};

}  // namespace rehang
