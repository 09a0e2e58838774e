// A spinlock that sleeps in a timed futex and asks again, as gperftools' does: under its names, since names
// are what it is known by.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "catch.h"
#include "stuck_tree.h"

using namespace rehang;

namespace base::internal {
__attribute__((noinline, visibility("default"))) void SpinLockDelay(std::atomic<int>* word, int value,
                                                                    int turn) {
    const timespec a_little = {.tv_sec = 0, .tv_nsec = 2'000'000L * (turn % 8 + 1)};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &a_little, nullptr, 0);
}
}  // namespace base::internal

class SpinLock {
  public:
    __attribute__((noinline, visibility("default"))) void SlowLock() {
        for (int turn = 1; word != 0; ++turn) base::internal::SpinLockDelay(&word, 2, turn);
    }
    // Gives up after a while, so a time-out of this kind is none that lasts.
    __attribute__((noinline, visibility("default"))) void SlowLockFor(int turns) {
        for (int turn = 1; word != 0 && turn < turns; ++turn) base::internal::SpinLockDelay(&word, 2, turn);
    }
    std::atomic<int> word = 2;
};

namespace {
SpinLock lock;
}

TEST_CASE("a spinlock that asks for ever is proven stuck, though it wakes up every few milliseconds") {
    StuckTree tree([] {
        keep_only({});
        lock.SlowLock();
    });
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    const DiagnosedThread* const thread = find(diagnosis, "a", "main");
    CHECK(thread->wait.retried);
    CHECK(has_frame(*thread, "SpinLock::SlowLock"));
    CHECK_THAT(thread->wait.sentence, Catch::Matchers::Contains("in a loop that asks again for ever"));
}

TEST_CASE("the same wait in a loop that gives up is not proven stuck") {
    StuckTree tree([] {
        keep_only({});
        lock.SlowLockFor(1'000'000);
    });
    CHECK(tree.look_until_doubt("with a time-out"));
    CHECK(tree.never_proven());
}
