#include "diagnose/asked_memory.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>

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

}  // namespace rehang
