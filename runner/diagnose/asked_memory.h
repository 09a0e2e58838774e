// The pieces of a process's memory that the arguments of its threads' system calls point to.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "diagnose/snapshot.h"

namespace rehang {

struct MemoryPiece {
    std::uint64_t address = 0;
    size_t size = 0;      // what is wanted
    size_t at_least = 0;  // what is enough where the rest is not mapped
};

// Futex words (with the rest of a pthread_mutex_t, which holds the owner), pollfds, fd_sets, connect's
// address, clone3's flags, lock ranges, semaphore operations, signal sets. Pure.
std::vector<MemoryPiece> memory_asked_for(const ThreadSnapshot& thread);
// What a piece of those points to in turn: the words of futex_waitv, the thread that owns a FILE's lock.
// Pure.
std::vector<MemoryPiece> memory_pointed_to(const ThreadSnapshot& thread,
                                           std::span<const unsigned char> piece);

// Reads without stopping the process. Empty where there is nothing (any more).
std::vector<unsigned char> read_memory(pid_t pid, std::uint64_t address, size_t size);

// Text up to its NUL, which must come within `at_most` bytes; otherwise, or if it can't be read, empty.
std::string read_text(pid_t pid, std::uint64_t address, size_t at_most);

// Bytes of a pthread_mutex_t of glibc on x86_64 up to __kind: __lock, __count, __owner, __nusers, __kind, all
// 4 bytes each.
constexpr size_t mutex_bytes = 24;
constexpr size_t mutex_owner_offset = 8;

// glibc's struct pthread on x86_64 (nptl/descr.h): a tcbhead_t, whose first and third words are its own
// address, in 704 bytes; a list_t; the thread's id.
constexpr size_t thread_descriptor_head = 24, thread_descriptor_tid_offset = 720;

// glibc's _IO_lock_t (sysdeps/nptl/stdio-lock.h), of each FILE and of the list of all: the word, how often
// its owner has locked it, a pointer to the owner's struct pthread.
struct StdioLock {
    std::uint32_t word;
    std::uint32_t depth;
    std::uint64_t owner;
    // By what the values can be. Whose it is tells the descriptor.
    bool may_be_one() const {
        return word > 0 && word <= 2 && depth > 0 && depth < 0x10000 && owner != 0 && owner % 16 == 0;
    }
};

// System calls that are younger than some libraries' headers.
constexpr long sys_futex_waitv = 449;  // Linux 5.16
constexpr long sys_futex_wait = 455;   // Linux 6.7

// struct futex_waitv of linux/futex.h; at most 128 of them.
struct FutexWaiter {
    std::uint64_t expected;
    std::uint64_t address;
    std::uint32_t flags;
    std::uint32_t reserved;
};
constexpr std::uint64_t most_futexes = 128;

// SEMOPM of semop(2), as large as the kernel allows by default.
constexpr std::uint64_t most_semaphores = 500;

// select(2) asks for whole longs.
constexpr size_t fd_set_bytes(std::uint64_t descriptors) {
    return (descriptors + 63) / 64 * 8;
}
// More descriptors than this in one poll or select: the wait counts as not understood.
constexpr std::uint64_t most_polled = 4096;

}  // namespace rehang
