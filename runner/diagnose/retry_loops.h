// Timed futex waits that are no time-outs: a spinlock that sleeps a little, looks at its lock and sleeps
// again, for ever.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "elf/unwind.h"

namespace rehang {

// Both the function that waits and its caller that repeats it must be known: the same wait called from
// elsewhere may well give up.
struct RetryLoop {
    std::string_view waits;     // function; namespaces around it do not matter
    std::string_view repeats;   // its caller
    std::uint32_t locked_bits;  // the loop goes on as long as one of them is set in the futex word
};
std::span<const RetryLoop> known_retry_loops();

// The loop that a stack (innermost frame first) is in, or null. A wrapper like libc's syscall() may lie in
// front.
const RetryLoop* retry_loop_of(const std::vector<elf::Frame>& stack);

}  // namespace rehang
