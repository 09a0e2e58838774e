// What one thread waits for, and who could end that.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenario/vocabulary.h"

namespace rehang {

struct Wait {
    WaitKind kind = WaitKind::unknown;
    std::string sentence;  // without a subject: "reads from a pipe whose write end probe (fd 1) and probe/1/1
                           // (fd 1) hold open"

    // for waits at descriptors; of several the first one
    int fd = -1;
    std::uint64_t pipe_inode = 0;    // of a pipe or FIFO
    std::uint64_t socket_inode = 0;  // its peer is in Snapshot::sockets
    // for futex
    std::uint64_t address = 0;
    std::uint32_t word = 0, expected = 0;
    std::string location;  // "libtcmalloc.so.4!tcmalloc::Static::central_cache_+0x1c0", or the address
    bool retried =
        false;  // a timed wait inside a loop that is known to ask again for ever (diagnose/retry_loops.h)
    // for child
    std::vector<pid_t> children;

    // Threads that could end this wait. A wait without wakers and without `by_itself` or `by_outside` lasts
    // for ever.
    std::vector<pid_t> wakers;
    bool by_itself = false;  // a time-out, a timer, or it is not waiting at all
    std::optional<std::string>
        by_outside;  // somebody that the model does not know: what was not understood, as a sentence
};

}  // namespace rehang
