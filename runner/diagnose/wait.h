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
    // for futex; for spin the place that its loop reads, 0 if there is none that could change
    std::uint64_t address = 0;
    std::uint32_t word = 0, expected = 0;
    std::string location;  // "libtcmalloc.so.4!tcmalloc::Static::central_cache_+0x1c0", or the address; of a
                           // file lock the file
    bool retried =
        false;  // a timed wait inside a loop that is known to ask again for ever (diagnose/retry_loops.h)
    // What the word belongs to, as far as it can be told: "mutex", "condition variable", "thread" (to be
    // joined) …; "" for a mere word. For file-lock "file lock". For the sentence and the cause; no proof
    // depends on it.
    std::string object;
    // Who holds that object, or who is to be joined, as the object says: an inner tid. 0: it does not say.
    pid_t owner = 0;
    // for child
    std::vector<pid_t> children;

    // Threads that could end this wait. A wait without wakers and without `by_itself` or `by_outside` lasts
    // for ever.
    std::vector<pid_t> wakers;
    // Any thread that is looked at and goes on could end it by a signal: to this thread, which has a handler
    // for some, or one that kills a process whose death this waits for or would notice.
    bool by_signals = false;
    bool by_itself = false;  // a time-out, a timer, or it is not waiting at all
    std::optional<std::string>
        by_outside;  // somebody that the model does not know: what was not understood, as a sentence
};

}  // namespace rehang
