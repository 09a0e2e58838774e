#include "diagnose/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace rehang {
namespace {

std::optional<bool> is_set(const UniqueFd& socket, int option) {
    timeval limit = {};
    socklen_t length = sizeof limit;
    if (getsockopt(socket.get(), SOL_SOCKET, option, &limit, &length) != 0) return std::nullopt;
    return limit.tv_sec != 0 || limit.tv_usec != 0;
}

// tcp(7): gives up when the peer takes nothing for so long.
bool has_user_time_out(const UniqueFd& socket) {
    unsigned milliseconds = 0;
    socklen_t length = sizeof milliseconds;
    return getsockopt(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, &length) == 0 &&
           milliseconds != 0;
}

}  // namespace

std::optional<SocketSnapshot::TimeOuts> read_time_outs(pid_t pid, int fd) {
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!process) return std::nullopt;
    const UniqueFd socket(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0)));
    if (!socket) return std::nullopt;
    const auto receiving = is_set(socket, SO_RCVTIMEO), sending = is_set(socket, SO_SNDTIMEO);
    if (!receiving || !sending) return std::nullopt;
    return SocketSnapshot::TimeOuts{.receiving = *receiving,
                                    .sending = *sending || has_user_time_out(socket)};
}

}  // namespace rehang
