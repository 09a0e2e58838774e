// What a thread that sleeps in a system call waits for at its descriptors. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnose/snapshot.h"

namespace rehang {

struct Interest {
    int fd = -1;
    // Waits until something comes out, until something can go in. Whoever polls is told of the end as well,
    // whatever it asked for: that counts as input.
    bool input = false, output = false;
    bool changes_only = false;  // EPOLLET: also what is ready already must become so once more
};

struct Interests {
    std::vector<Interest> at;  // any of them ends the wait
    bool polled = false;  // it only asks, by poll, select or epoll; otherwise it reads, writes, accepts …
    bool timed = false;   // the call itself has a time-out; a socket may have one of its own
    std::optional<std::string> unclear;  // what could not be read, as a sentence
};

// Nothing for a call that does not wait at descriptors.
std::optional<Interests> interests_of(const Snapshot& snapshot, const ProcessSnapshot& process,
                                      const ThreadSnapshot& thread);

}  // namespace rehang
