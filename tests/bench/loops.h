// Ways to make the same kind of call in a loop, next to each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace rehang::bench {

// What the loops of fakes/targets/syscall_loop.c and tests/programs/ioctl_loop.c are told. Many short rounds:
// on a busy machine, one of them is not disturbed.
inline constexpr int loop_rounds = 800;
inline constexpr int loop_calls = 50;

// A way to run such a loop. Its own clock is what counts, so that nothing of the start is in it.
struct Way {
    std::string name;
    std::vector<std::string> argv;  // empty: what it needs is not installed here
};

// A way that the others are compared with, in a column of their ratios to it.
struct Base {
    std::string head;
    size_t way = 0;
};

// Runs them on all processors and bound to one, `repeat` rounds of each in turns, and prints the least time
// of a call. Errors: one could not be run, or told no time.
Expected<void> print_loops(std::string_view title, const std::vector<Way>& ways,
                           const std::vector<Base>& bases, int repeat);

}  // namespace rehang::bench
