#include "diagnose/futex_object.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <array>
#include <numeric>

#include "catch.h"
#include "diagnose/asked_memory.h"
#include "scene.h"

using namespace rehang;

namespace {

constexpr std::uint64_t at = private_memory + 0x40;
constexpr std::uint64_t private_wait = FUTEX_WAIT | FUTEX_PRIVATE_FLAG;

// Thread 10 of "a" waits at a pthread_mutex_t of glibc; thread 11 only waits for a signal.
struct Words {
    std::uint32_t lock = 2, count = 1, owner = 11, users = 1, kind = 0, spins = 0;
};

Scene at_object(const Words& words, std::uint32_t expected, std::uint64_t operation = private_wait,
                std::uint64_t address = at) {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_futex, {address, operation, expected});
    scene.asleep(10, 11, SYS_pause, {});
    scene.bytes(10, address, &words, sizeof words);
    return scene;
}

std::vector<elf::Frame> stack(std::initializer_list<const char*> symbols) {
    std::vector<elf::Frame> frames;
    for (const char* const symbol : symbols) frames.push_back({.module = "libc.so.6", .symbol = symbol});
    return frames;
}

Wait recognised(const Scene& scene, std::initializer_list<const char*> symbols) {
    Wait wait = scene.wait(10);
    recognise_object(scene.snapshot, scene.snapshot.processes.front(), wait, stack(symbols));
    return wait;
}

}  // namespace

TEST_CASE("a mutex is known by the function, and its owner by the field") {
    const Scene scene = at_object({}, 2);
    CHECK(scene.wait(10).object.empty());
    const Wait wait = recognised(scene, {"", "", "___pthread_mutex_lock", "work"});
    CHECK(wait.object == "mutex");
    CHECK(wait.owner == 11);
    CHECK(wait.sentence == "waits for the mutex at 0x7f0000001040, which a thread 2 holds");
    REQUIRE(owner_of(scene.snapshot, 10, wait));
    CHECK(owner_of(scene.snapshot, 10, wait)->tid == 11);
}

TEST_CASE("a mutex whose owner does not exist says so") {
    const Scene scene = at_object({.owner = 7}, 2);
    const Wait wait = recognised(scene, {"pthread_mutex_lock"});
    CHECK(wait.owner == 7);
    CHECK(wait.sentence ==
          "waits for the mutex at 0x7f0000001040, held by thread 7, which does not exist in a");
    CHECK_FALSE(owner_of(scene.snapshot, 10, wait));
}

TEST_CASE("what kind of mutex it is") {
    CHECK(recognised(at_object({.kind = 0x80}, 2), {"pthread_mutex_lock"}).object == "process-shared mutex");
    const Words words = {.lock = FUTEX_WAITERS | 11, .kind = 0x10};
    const Wait wait = recognised(at_object(words, words.lock), {"pthread_mutex_lock"});
    CHECK(wait.object == "robust mutex");
    CHECK(wait.owner == 11);
}

TEST_CASE("musl has the owner in the word, or none") {
    const Words recursive = {.lock = FUTEX_WAITERS | 11, .count = 1, .owner = 0, .kind = 0x5555};
    CHECK(recognised(at_object(recursive, recursive.lock), {"pthread_mutex_lock"}).owner == 11);
    const Words plain = {.lock = FUTEX_WAITERS | EBUSY, .count = 1, .owner = 0, .kind = 0x5555};
    CHECK(recognised(at_object(plain, plain.lock), {"pthread_mutex_lock"}).owner == 0);
}

TEST_CASE("a PI mutex is known by the system call alone") {
    const Scene scene = at_object({.lock = FUTEX_WAITERS | 11}, 0, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG);
    CHECK(scene.wait(10).object == "PI mutex");
    CHECK(scene.wait(10).owner == 11);
    CHECK(scene.wait(10).sentence == "waits for the PI mutex at 0x7f0000001040, which a thread 2 holds");
}

TEST_CASE("a join is known by the word: the tid of the thread") {
    Scene scene = at_object({.lock = 11}, 11, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME);
    CHECK(scene.wait(10).object == "thread");
    CHECK(scene.wait(10).sentence == "waits to join a thread 2");
    SECTION("one that does not exist is known by the function") {
        scene = at_object({.lock = 99}, 99, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME);
        CHECK(scene.wait(10).object.empty());
        CHECK(recognised(scene, {"__futex_abstimed_wait64", "__pthread_clockjoin_ex"}).sentence ==
              "waits to join thread 99, which does not exist in a");
    }
    SECTION("what locks without an owner hold is no tid") {
        scene = at_object({.lock = 2}, 2);
        scene.of(10).threads.back().inner_tid = 2;
        CHECK(scene.wait(10).object.empty());
    }
}

TEST_CASE("a rwlock knows its writer, wherever in it the thread waits") {
    // From __wrphase_futex (8) or from __writers_futex (12) on: __cur_writer is at 24.
    std::array<std::uint32_t, 6> words{};
    for (const std::uint64_t offset : {8U, 12U}) {
        words = {};
        words.at((24 - offset) / 4) = 11;
        Scene scene = at_object({}, 0, private_wait, private_memory + 0x40 + offset);
        scene.bytes(10, private_memory + 0x40 + offset, words.data(), sizeof words);
        const Wait wait = recognised(scene, {"__futex_abstimed_wait64", "pthread_rwlock_rdlock"});
        CHECK(wait.object == "rwlock");
        CHECK(wait.owner == 11);
    }
}

TEST_CASE("what a stripped C library has no function's name for is known by its words") {
    SECTION("a semaphore: value, waiters, sharing") {
        CHECK(at_object({.lock = 0, .count = 1, .owner = 0}, 0).wait(10).object == "semaphore");
        CHECK(at_object({.lock = 0, .count = 0, .owner = 0}, 0).wait(10).object.empty());
        CHECK(at_object({.lock = 0, .count = 1, .owner = 7}, 0).wait(10).object.empty());
    }
    SECTION("a robust mutex: its owner twice, and its kind") {
        const std::uint32_t word = FUTEX_WAITERS | 11;
        CHECK(at_object({.lock = word, .kind = 0x10}, word).wait(10).object == "robust mutex");
        CHECK(at_object({.lock = word, .owner = 12, .kind = 0x10}, word).wait(10).object.empty());
        CHECK(at_object({.lock = word, .kind = 0}, word).wait(10).object.empty());
    }
}

TEST_CASE("objects without an owner are named") {
    const Scene scene = at_object({.lock = 0}, 0);
    const auto object = [&](const char* function) {
        return recognised(scene, {"__futex_abstimed_wait_common", function}).object;
    };
    CHECK(object("pthread_cond_wait") == "condition variable");
    CHECK(object("__new_sem_wait_slow64.constprop.0").empty());
    CHECK(object("sem_wait") == "semaphore");
    CHECK(object("pthread_barrier_wait") == "barrier");
    CHECK(object("__pthread_once_slow") == "pthread_once");
    CHECK(object("__cxa_guard_acquire") == "guard of a static variable");
    CHECK(recognised(scene, {"pthread_cond_wait"}).sentence ==
          "waits for the condition variable at 0x7f0000001040 (its word is 0)");
    CHECK(recognised(scene, {"pthread_cond_wait"}).owner == 0);
}

TEST_CASE("the mutex that a condition variable takes again is no condition variable") {
    const Scene scene = at_object({}, 2);
    CHECK(recognised(scene, {"__lll_lock_wait", "__pthread_mutex_cond_lock", "pthread_cond_wait"}).object ==
          "mutex");
}

TEST_CASE("a process-shared lock may be held by a thread of another process") {
    Scene scene;
    const std::uint64_t address = shared_memory + 0x40;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_futex, {address, FUTEX_WAIT, 2});
    const Words words = {.owner = 20, .kind = 0x80};
    scene.bytes(10, address, &words, sizeof words);
    scene.process(20, "b");
    scene.asleep(20, 20, SYS_pause, {});
    const Wait wait = recognised(scene, {"pthread_mutex_lock"});
    CHECK(wait.sentence == "waits for the process-shared mutex at 0x7f0000100040, which b holds");
}

TEST_CASE("the younger futex calls") {
    Scene scene;
    scene.process(10, "a");
    SECTION("futex_wait") {
        scene.asleep(10, 10, sys_futex_wait, {at, 2, ~std::uint64_t{0}, 2 | FUTEX_PRIVATE_FLAG});
        scene.word(10, at, 2);
        CHECK(scene.stuck(10));
        CHECK(scene.wait(10).expected == 2);
        scene.of(10).threads.front().args[4] = private_memory;  // a time-out
        CHECK_FALSE(scene.stuck(10));
        scene.of(10).threads.front().args = {at, 2, ~std::uint64_t{0}, FUTEX_PRIVATE_FLAG};  // of 8 bits
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("futex_waitv: whoever can wake one of them ends it") {
        std::array<FutexWaiter, 2> waiters = {{{2, at, 2 | FUTEX_PRIVATE_FLAG, 0}, {0, shared_memory, 2, 0}}};
        scene.asleep(10, 10, sys_futex_waitv, {private_memory, 2, 0, 0});
        scene.bytes(10, private_memory, waiters.data(), sizeof waiters);
        scene.word(10, at, 2), scene.word(10, shared_memory, 0);
        CHECK(scene.stuck(10));
        CHECK(scene.wait(10).sentence.ends_with("which is 2, or for one of 1 others"));
        scene.process(20, "b");
        scene.running(20, 20);
        CHECK_FALSE(scene.stuck(10));
        scene.of(20).mappings.clear();
        CHECK(scene.stuck(10));
        scene.of(10).threads.front().args[3] = private_memory;  // a time-out
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("a word in a read-only mapping of a file may be the file's") {
    Scene scene = at_object({}, 2, FUTEX_WAIT);
    CHECK(scene.stuck(10));
    scene.of(10).mappings.front().writable = false;
    CHECK_FALSE(scene.stuck(10));
    scene.of(10).threads.front().args[1] = private_wait;
    CHECK(scene.stuck(10));
}

TEST_CASE("shared memory of System V is anybody's in the IPC namespace") {
    Scene scene;
    scene.snapshot.ipc_namespace_outside = 5;
    scene.process(10, "a").ipc_namespace = 6;
    scene.of(10).mappings.back().path = "/SYSV00000000";
    scene.asleep(10, 10, SYS_futex, {shared_memory, FUTEX_WAIT, 2});
    scene.word(10, shared_memory, 2);
    CHECK(scene.stuck(10));
    scene.of(10).ipc_namespace = 5;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("outside of a sandbox shared memory may be mapped by processes that are not looked at") {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_futex, {shared_memory, FUTEX_WAIT, 2});
    scene.word(10, shared_memory, 2);
    CHECK(scene.stuck(10));
    scene.snapshot.world = World::machine;
    CHECK_FALSE(scene.stuck(10));
}
