// Which processes a diagnosis is about, and what its caller knows of them that /proc does not show.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/snapshot.h"
#include "elf/unwind.h"
#include "spin/loop_finder.h"

namespace rehang {

struct KnownThread {
    pid_t tid = 0;
    unsigned nth = 0;
    std::optional<std::string> held_at;  // the point where the runner holds it
    std::string waits_in;                // what pause(2) stands for, where the runner has made it call that
    bool paused = false;                 // stopped by the runner for a moment
    bool stopped_by_signal = false;      // SIGSTOP and the like; a tracer sees it as its own stop
    // What it was last seen to do step by step. An endless loop only as long as the thread stands in it,
    // stopped by the runner.
    std::shared_ptr<const spin::Spin> spin;
};

struct KnownProcess {
    pid_t pid = 0;
    pid_t inner_pid = 0;           // as it sees itself; 0: not known
    std::string path;              // "probe/1"
    std::string program;           // the file that it executes; "": not known
    unsigned execs = 0;            // execve calls since its birth; the start of a [[process]] is not one
    std::string parent_path;       // of the process that forked it; "" for a [[process]]
    bool alarm = false;            // has armed a timer that sends a signal
    bool processor_timer = false;  // the same, but it runs only while the process uses the processor
    bool ended = false;
    std::optional<int> exit_status;  // wait(2) status, once ended
    unsigned births = 0;             // threads since its last execve, those that have ended too; 0: not known
    std::vector<KnownThread> threads;  // live ones
};

// One thread of the forking process at the moment of a fork.
struct ThreadAtFork {
    pid_t tid = 0;
    pid_t inner_tid = 0;
    unsigned nth = 0;
    std::string name;
    bool forking = false;                // the one that called fork: the only one that exists in the child
    std::optional<std::string> held_at;  // point where the runner held it
    std::uint64_t waits_for = 0;         // the futex word that it waited for itself; 0: none
    bool running = false;                // registers unknown
    elf::Registers registers;
    // Of a program that qemu-user runs: then `stack` is the guest's, and the arguments are those of a
    // function of it, as addresses of the host.
    std::optional<elf::GuestRegisters> guest = {};
    std::array<std::uint64_t, 6> arguments{};  // rdi, rsi, rdx, rcx, r8, r9 where held at a function's entry
    bool arguments_known = false;
    elf::SavedStack stack;  // a copy: the child may overwrite its own
};

struct ForkRecord {
    std::string parent;  // path
    std::string child;
    pid_t parent_pid = 0;
    pid_t child_pid = 0;
    unsigned parent_execs = 0;   // as of KnownProcess, at the fork
    bool shares_memory = false;  // vfork, CLONE_VM: nothing was copied
    std::vector<ThreadAtFork> threads;
    std::vector<DescriptorSnapshot> descriptors;  // pipes, FIFOs and sockets that the child got
    // What locks lie in, as the child got it: statics and the heap, as far as they are not too large. Null:
    // not known. Read only where the parent had more than one thread. Scopes are copied, this is not.
    std::shared_ptr<const std::vector<elf::SavedStack>> memory;
};

// A futex wake-up that a fault of the scenario has answered: the kernel has not made it.
struct UnmadeWake {
    pid_t pid = 0;  // of the process whose memory the word is in
    std::uint64_t address = 0;
    std::string fault;  // name
    unsigned by = 0;    // the thread's number in its process
};

struct Scope {
    World world = World::sandbox;
    // With everything below them they are looked at. In a sandbox the one root is its init, which never
    // counts itself.
    std::vector<pid_t> roots;
    std::vector<KnownProcess> processes;
    std::vector<ForkRecord> forks;
    std::vector<UnmadeWake> unmade_wakes = {};
    std::vector<std::string> main_processes;  // the paths of the [[process]]es: when all that are left of
                                              // them are stuck, the run hangs
};

}  // namespace rehang
