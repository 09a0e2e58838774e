#include "diagnose/asked_memory.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include <cstring>

namespace rehang {
namespace {

MemoryPiece whole(std::uint64_t address, size_t size) {
    return {.address = address, .size = size, .at_least = size};
}

MemoryPiece futex_at(std::uint64_t address) {
    return {.address = address, .size = mutex_bytes, .at_least = 4};
}

std::vector<MemoryPiece> owner_of_stdio_lock(std::span<const unsigned char> piece) {
    StdioLock lock;
    if (piece.size() < sizeof lock) return {};
    std::memcpy(&lock, piece.data(), sizeof lock);
    if (!lock.may_be_one()) return {};
    return {whole(lock.owner, thread_descriptor_head),
            whole(lock.owner + thread_descriptor_tid_offset, sizeof(std::uint32_t))};
}

}  // namespace

std::vector<MemoryPiece> memory_asked_for(const ThreadSnapshot& thread) {
    if (!thread.in_syscall) return {};
    const auto& args = thread.args;
    std::vector<MemoryPiece> pieces;
    switch (thread.syscall) {
        case SYS_futex:
        case sys_futex_wait:
            pieces.push_back(futex_at(args[0]));
            break;
        case sys_futex_waitv:
            pieces.push_back(whole(args[0], args[1] <= most_futexes ? args[1] * sizeof(FutexWaiter) : 0));
            break;
        case SYS_poll:
        case SYS_ppoll: {
            const size_t size = args[1] <= most_polled ? args[1] * sizeof(pollfd) : 0;
            pieces.push_back(whole(args[0], size));
            break;
        }
        case SYS_select:
        case SYS_pselect6: {
            const size_t size = args[0] <= most_polled ? fd_set_bytes(args[0]) : 0;
            for (size_t set = 1; set <= 3; ++set) pieces.push_back(whole(args[set], size));
            break;
        }
        case SYS_connect: {
            const size_t size =
                std::min<std::uint64_t>(static_cast<std::uint32_t>(args[2]), sizeof(sockaddr_storage));
            pieces.push_back({.address = args[1], .size = size, .at_least = size});
            break;
        }
        case SYS_clone3:
            pieces.push_back(whole(args[0], 8));  // struct clone_args begins with the flags
            break;
        case SYS_fcntl:
            if (args[1] == F_SETLKW || args[1] == F_OFD_SETLKW)
                pieces.push_back(whole(args[2], sizeof(struct flock)));
            break;
        case SYS_semop:
        case SYS_semtimedop:
            pieces.push_back(whole(args[1], args[2] <= most_semaphores ? args[2] * sizeof(sembuf) : 0));
            break;
        case SYS_rt_sigtimedwait:
            pieces.push_back(whole(args[0], 8));  // the kernel's sigset_t: a bit a signal
            break;
        default:
            break;
    }
    std::erase_if(pieces, [](const MemoryPiece& piece) { return piece.address == 0 || piece.size == 0; });
    return pieces;
}

std::vector<MemoryPiece> memory_pointed_to(const ThreadSnapshot& thread,
                                           std::span<const unsigned char> piece) {
    if (thread.syscall == SYS_futex) return owner_of_stdio_lock(piece);
    if (thread.syscall != sys_futex_waitv) return {};
    std::vector<MemoryPiece> words;
    for (; piece.size() >= sizeof(FutexWaiter); piece = piece.subspan(sizeof(FutexWaiter))) {
        FutexWaiter waiter;
        std::memcpy(&waiter, piece.data(), sizeof waiter);
        words.push_back(futex_at(waiter.address));
    }
    return words;
}

std::vector<unsigned char> read_memory(pid_t pid, std::uint64_t address, size_t size) {
    std::vector<unsigned char> bytes(size);
    const iovec here = {.iov_base = bytes.data(), .iov_len = size};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
    const iovec there = {.iov_base = reinterpret_cast<void*>(address), .iov_len = size};
    const ssize_t read = process_vm_readv(pid, &here, 1, &there, 1, 0);
    bytes.resize(read < 0 ? 0 : static_cast<size_t>(read));
    return bytes;
}

std::string read_text(pid_t pid, std::uint64_t address, size_t at_most) {
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    std::string text;
    while (text.size() < at_most) {
        const std::uint64_t at = address + text.size();
        const auto bytes =
            read_memory(pid, at, std::min<std::uint64_t>(page - at % page, at_most - text.size()));
        if (bytes.empty()) break;
        const auto end = std::ranges::find(bytes, 0);
        text.append(bytes.begin(), end);
        if (end != bytes.end()) return text;
    }
    return {};
}

}  // namespace rehang
