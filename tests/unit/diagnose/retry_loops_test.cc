#include "diagnose/retry_loops.h"

#include "catch.h"

using namespace rehang;

namespace {

std::vector<elf::Frame> stack(const std::vector<std::string>& symbols) {
    std::vector<elf::Frame> frames;
    for (const std::string& symbol : symbols)
        frames.push_back({.pc = 1, .module = "lib.so", .symbol = symbol});
    return frames;
}

}  // namespace

TEST_CASE("gperftools' spinlock asks again for ever") {
    const auto* const loop =
        retry_loop_of(stack({"syscall", "base::internal::SpinLockDelay", "SpinLock::SlowLock", "free"}));
    REQUIRE(loop);
    CHECK(loop->locked_bits == 0xffffffff);
}

TEST_CASE("Abseil's spinlock asks again for ever, whatever the release's namespace is called") {
    const auto* const loop = retry_loop_of(stack({"syscall", "AbslInternalSpinLockDelay_lts_20220623",
                                                  "absl::lts_20220623::base_internal::SpinLock::SlowLock"}));
    REQUIRE(loop);
    CHECK(loop->locked_bits == 1);
}

TEST_CASE("the same wait called from elsewhere may give up") {
    CHECK_FALSE(retry_loop_of(stack({"syscall", "base::internal::SpinLockDelay", "TryLockFor"})));
    CHECK_FALSE(retry_loop_of(stack({"syscall", "base::internal::SpinLockDelay", "MySpinLock::SlowLock"})));
    CHECK_FALSE(retry_loop_of(stack({"syscall", "base::internal::SpinLockDelay"})));
    CHECK_FALSE(retry_loop_of(stack({"pthread_cond_timedwait", "SpinLock::SlowLock"})));
    CHECK_FALSE(retry_loop_of({}));
}
