// Snapshots made by hand, in few words: processes, their descriptors, and threads asleep in system calls.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <string>

#include "diagnose/graph.h"
#include "diagnose/snapshot.h"
#include "diagnose/waits.h"

namespace rehang {

class Scene {
  public:
    // References stay good only until the next process or thread is added.
    ProcessSnapshot& process(pid_t pid, const std::string& path, pid_t parent = 1);
    ThreadSnapshot& asleep(pid_t pid, pid_t tid, long syscall, std::initializer_list<std::uint64_t> args);
    ThreadSnapshot& running(pid_t pid, pid_t tid);
    void zombie(pid_t pid, const std::string& path, pid_t parent);

    void read_end(pid_t pid, int fd, std::uint64_t pipe);
    void write_end(pid_t pid, int fd, std::uint64_t pipe);
    DescriptorSnapshot& descriptor(pid_t pid, int fd, const std::string& target);
    void word(pid_t pid, std::uint64_t address, std::uint32_t value);
    void bytes(pid_t pid, std::uint64_t address, const void* data, size_t size);
    ProcessSnapshot& of(pid_t pid);

    bool stuck(pid_t tid, GraphOptions options = {}) const;
    // What `waker` does may end the wait of `tid`; that it could send a signal is not meant.
    bool wakes(pid_t waker, pid_t tid) const;
    Wait wait(pid_t tid) const;
    std::string may_go_on(pid_t tid) const;

    Snapshot snapshot;
};

// Where private memory, and where a shared mapping, lies in every process of a scene.
constexpr std::uint64_t private_memory = 0x7f0000001000;
constexpr std::uint64_t shared_memory = 0x7f0000100000;

}  // namespace rehang
