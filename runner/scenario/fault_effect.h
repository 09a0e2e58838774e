// Which of the calls that fit a system call fault it happens to, and what happens to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"

namespace rehang {

// Which of the calls that fit, while the fault is in force, are the ones.
struct FaultOccurrence {
    enum class Count { process, thread, all };
    Count per = Count::process;  // whose calls are numbered together
    std::uint64_t from = 1;
    std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t every = 1;             // from, from + every, …
    std::optional<std::uint64_t> times;  // at most so often in each count
    double probability = 1;  // of each of those, decided by the seed, the place and the number of the call
};

// Bytes that are put into the caller's memory.
struct FaultWrite {
    unsigned index = 0;   // the argument that points there
    unsigned offset = 0;  // from there
    std::string bytes;
};

// What happens to the call. It is made unless `answer` says otherwise.
struct FaultEffect {
    std::optional<std::int64_t> answer;        // the call is not made, and gives this: -errno, or a value
    std::vector<FaultWrite> writes;            // only with an answer
    std::vector<FaultWrite> writes_before;     // where the kernel then reads
    std::vector<FaultWrite> writes_after;      // of a call that has succeeded
    std::optional<int> instead;                // this call is made, with the same arguments
    std::optional<std::uint64_t> limit_bytes;  // the call is made for at most so many bytes …
    unsigned limited_argument = 0;             // … which is this argument
    Duration delay{0};                         // before the call is made or answered
    Duration delay_after{0};                   // after that
    std::optional<int> signal;  // sent to the calling thread, or its process, before the call is made
    bool signal_process = false;
    bool kill = false;              // SIGKILL to the process; nothing else then
    std::optional<size_t> held_at;  // index of the plan's point that firing reaches; a hold is at it

    // Nothing that the runner would have to be in the way for longer than it takes to answer.
    bool is_immediate() const {
        return !limit_bytes && !instead && writes_after.empty() && delay == Duration(0) &&
               delay_after == Duration(0) && !held_at;
    }
};

}  // namespace rehang
