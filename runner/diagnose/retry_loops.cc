#include "diagnose/retry_loops.h"

#include <array>

namespace rehang {
namespace {

// gperftools 2.5 to 2.16, src/base/spinlock.cc: SlowLock() calls SpinLockDelay() until the word is
// kSpinLockFree, 0. Abseil, absl/base/internal/spinlock.cc: the same until bit 0, kSpinLockHeld, is clear;
// other bits may stay set. Debian's has the versioned name of its long term support release at the end.
constexpr std::array<RetryLoop, 3> loops = {{
    {.waits = "base::internal::SpinLockDelay", .repeats = "SpinLock::SlowLock", .locked_bits = 0xffffffff},
    {.waits = "AbslInternalSpinLockDelay", .repeats = "base_internal::SpinLock::SlowLock", .locked_bits = 1},
    {.waits = "AbslInternalSpinLockDelay_lts_20220623",
     .repeats = "base_internal::SpinLock::SlowLock",
     .locked_bits = 1},
}};

// "absl::base_internal::SpinLock::SlowLock" is "SpinLock::SlowLock"; "MySpinLock::SlowLock" is not.
bool is_function(std::string_view symbol, std::string_view name) {
    if (!symbol.ends_with(name)) return false;
    const std::string_view scope = symbol.substr(0, symbol.size() - name.size());
    return scope.empty() || scope.ends_with("::");
}

}  // namespace

std::span<const RetryLoop> known_retry_loops() {
    return loops;
}

const RetryLoop* retry_loop_of(const std::vector<elf::Frame>& stack) {
    const size_t first = !stack.empty() && stack.front().symbol == "syscall" ? 1 : 0;
    if (stack.size() < first + 2) return nullptr;
    for (const RetryLoop& loop : loops)
        if (is_function(stack[first].symbol, loop.waits) &&
            is_function(stack[first + 1].symbol, loop.repeats))
            return &loop;
    return nullptr;
}

}  // namespace rehang
