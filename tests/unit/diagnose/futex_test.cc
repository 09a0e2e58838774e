#include <linux/futex.h>
#include <sys/syscall.h>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

constexpr std::uint64_t lock = private_memory + 0x40;
constexpr std::uint64_t shared_lock = shared_memory + 0x40;
constexpr std::uint64_t private_wait = FUTEX_WAIT | FUTEX_PRIVATE_FLAG;
constexpr std::uint64_t some_timeout = private_memory + 0x800;

Scene one_waiter(std::uint64_t operation = private_wait, std::uint64_t timeout = 0,
                 std::uint64_t address = lock) {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_futex, {address, operation, 2, timeout});
    scene.word(10, address, 2);
    return scene;
}

}  // namespace

TEST_CASE("a private futex is stuck when no other thread of the process can go on") {
    Scene scene = one_waiter();
    CHECK(scene.stuck(10));
    scene.asleep(10, 11, SYS_futex, {lock, private_wait, 2});
    CHECK(scene.stuck(10));
    CHECK(scene.stuck(11));
    CHECK(scene.wait(10).address == lock);
    CHECK(scene.wait(10).word == 2);
}

TEST_CASE("a private futex is not stuck while another thread of the process runs") {
    Scene scene = one_waiter();
    scene.running(10, 11);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("what other processes do is nothing to a private futex") {
    Scene scene = one_waiter();
    scene.process(20, "b");
    scene.running(20, 20);
    CHECK(scene.stuck(10));
}

TEST_CASE("a parent whose memory a vfork child shares can wake the child's private futex") {
    Scene scene;
    scene.process(10, "a");
    scene.running(10, 10);
    scene.process(20, "a/1", 10);
    scene.asleep(20, 20, SYS_futex, {lock, private_wait, 2});
    scene.word(20, lock, 2);
    CHECK(scene.stuck(20));
    scene.of(10).memory_of = scene.of(20).memory_of = 10;
    CHECK_FALSE(scene.stuck(20));
}

TEST_CASE("a futex with a time-out goes on") {
    for (const std::uint64_t operation : {FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI})
        CHECK_FALSE(one_waiter(operation | FUTEX_PRIVATE_FLAG, some_timeout).stuck(10));
}

TEST_CASE("a timed futex in a loop that asks for ever is stuck as long as the word says locked") {
    Scene scene = one_waiter(private_wait, some_timeout);
    CHECK_FALSE(scene.stuck(10));
    scene.of(10).threads.front().retried_while = 0xffffffff;
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).retried);
    SECTION("but not when the lock is free by now") {
        scene.word(10, lock, 0);
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("but not when the locked bit is clear, whatever the others say") {
        scene.of(10).threads.front().retried_while = 1;
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("a shared futex can be woken by every process that maps the memory") {
    Scene scene = one_waiter(FUTEX_WAIT, 0, shared_lock);
    scene.process(20, "b");
    scene.running(20, 20);
    CHECK_FALSE(scene.stuck(10));
    SECTION("and by no other") {
        scene.of(20).mappings.pop_back();
        CHECK(scene.stuck(10));
    }
    SECTION("but one that is private by its operation only by its own process") {
        scene.of(10).threads.front().args[1] |= FUTEX_PRIVATE_FLAG;
        CHECK(scene.stuck(10));
    }
}

TEST_CASE("a shared futex in a file that anybody can map is not proven stuck") {
    Scene scene = one_waiter(FUTEX_WAIT, 0, shared_lock);
    CHECK(scene.stuck(10));
    scene.of(10).mappings.back().path = "/srv/state";
    CHECK_FALSE(scene.stuck(10));
    scene.of(10).mappings.back().path = "/dev/shm/state";
    CHECK(scene.stuck(10));
    SECTION("in the sandbox's own folders any process could map it") {
        scene.process(20, "b").mappings.clear();
        scene.running(20, 20);
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("a futex operation that does not wait for one word is not understood") {
    CHECK_FALSE(one_waiter(FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG).stuck(10));
}

TEST_CASE("a futex whose word or mapping could not be read is not proven stuck") {
    Scene scene = one_waiter();
    SECTION("word") {
        scene.snapshot.memory.clear();
    }
    SECTION("mapping") {
        scene.of(10).mappings.clear();
    }
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a name takes the place of a futex's address in its sentence") {
    Wait wait = one_waiter().wait(10);
    CHECK(wait.sentence == "waits for the futex word at 0x7f0000001040, which is 2");
    rename_location(wait, "libx.so!lock (0x7f0000001040)");
    CHECK(wait.sentence == "waits for the futex word at libx.so!lock (0x7f0000001040), which is 2");
}
