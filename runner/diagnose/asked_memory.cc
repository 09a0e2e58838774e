#include "diagnose/asked_memory.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

namespace rehang {

std::vector<MemoryPiece> memory_asked_for(const ThreadSnapshot& thread) {
    if (!thread.in_syscall) return {};
    const auto& args = thread.args;
    std::vector<MemoryPiece> pieces;
    switch (thread.syscall) {
        case SYS_futex:
            pieces.push_back({.address = args[0], .size = mutex_bytes, .at_least = 4});
            break;
        case SYS_poll:
        case SYS_ppoll: {
            const size_t size = args[1] <= most_polled ? args[1] * sizeof(pollfd) : 0;
            pieces.push_back({.address = args[0], .size = size, .at_least = size});
            break;
        }
        case SYS_select:
        case SYS_pselect6: {
            const size_t size = args[0] <= most_polled ? fd_set_bytes(args[0]) : 0;
            for (size_t set = 1; set <= 3; ++set)
                pieces.push_back({.address = args[set], .size = size, .at_least = size});
            break;
        }
        case SYS_connect: {
            const size_t size =
                std::min<std::uint64_t>(static_cast<std::uint32_t>(args[2]), sizeof(sockaddr_storage));
            pieces.push_back({.address = args[1], .size = size, .at_least = size});
            break;
        }
        case SYS_clone3:
            pieces.push_back(
                {.address = args[0], .size = 8, .at_least = 8});  // struct clone_args begins with the flags
            break;
        default:
            break;
    }
    std::erase_if(pieces, [](const MemoryPiece& piece) { return piece.address == 0 || piece.size == 0; });
    return pieces;
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
