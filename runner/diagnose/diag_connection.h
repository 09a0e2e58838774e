// Asking the kernel about all sockets of a network namespace: sock_diag(7), which sees what no descriptor
// shows, such as the peer of a socketpair.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>

#include "base/unique_fd.h"

namespace rehang {

class DiagConnection {
  public:
    // In the network namespace of a process. Another one than the caller's is entered by a child for that
    // moment, as its owner where the caller is an ordinary user. Nothing where that is not allowed, or the
    // process is gone.
    static std::optional<DiagConnection> open_at(pid_t pid);

    // `request` is a struct unix_diag_req or inet_diag_req_v2. Calls `each` with every answer, the message
    // without its header. Never blocks. False: not all answers came.
    bool ask(std::span<const std::byte> request,
             const std::function<void(std::span<const std::byte>)>& each) const;

  private:
    explicit DiagConnection(UniqueFd socket) : socket_(std::move(socket)) {}
    UniqueFd socket_;
};

// What follows the header of an answer, from `at` on: calls `each` with the type and the value of every
// attribute.
void each_attribute(std::span<const std::byte> answer, size_t at,
                    const std::function<void(unsigned, std::span<const std::byte>)>& each);

}  // namespace rehang
