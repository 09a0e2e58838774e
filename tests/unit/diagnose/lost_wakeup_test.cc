#include <linux/futex.h>
#include <sys/syscall.h>

#include "case.h"
#include "catch.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t word_of_condition = private_memory + 0x428;
constexpr std::uint64_t word_of_semaphore = private_memory + 0x800;
constexpr std::uint64_t tid_of_second = private_memory + 0xc00;  // in its struct pthread

// Main joins the second thread, which waits for something.
struct TwoThreads : Case {
    TwoThreads() {
        process(10, "a");
        of(10).mappings.push_back({.start = 0x1000, .end = 0x2000, .path = "/lib/libc.so.6"});
        main_processes({"a"});
        waits_at(10, 10, tid_of_second, 11, 11, true);
    }
    void second_waits_in_condition() {
        waits_at(10, 11, word_of_condition, 0, 0);
        stands_in(11, {"__futex_abstimed_wait_common", "pthread_cond_wait", "consume"});
    }
    void semaphore(std::uint32_t value, std::uint32_t waiters, std::uint32_t shared) {
        const std::uint32_t words[] = {value, waiters, shared};
        bytes(10, word_of_semaphore, words, sizeof words);
    }
};

}  // namespace

TEST_CASE("a condition variable that nobody is left to signal: lost-wakeup") {
    TwoThreads scene;
    scene.second_waits_in_condition();
    const auto finding = scene.ask(find_lost_wakeup);
    REQUIRE(finding);
    CHECK(finding->cause == Cause::lost_wakeup);
    CHECK_THAT(told(*finding), Contains("a thread 2 can never go on: it waits at the condition variable at"));
    CHECK_THAT(told(*finding), Contains("a waits in turn"));
}

TEST_CASE("not a lost wake-up while somebody who could signal waits for something else") {
    TwoThreads scene;
    scene.second_waits_in_condition();
    SECTION("for a lock") {
        scene.waits_at(10, 12, private_memory, 2, 2);
        scene.stands_in(12, {"__lll_lock_wait", "pthread_mutex_lock"});
    }
    SECTION("for something that is not known to be a condition variable") {
        scene.waits_at(10, 12, private_memory, 7, 7);
    }
    SECTION("stopped by a signal") {
        scene.asleep(10, 12, SYS_futex, {}).state = 'T';
    }
    CHECK_FALSE(scene.ask(find_lost_wakeup));
}

TEST_CASE("not a lost wake-up where nothing says that it is a condition variable") {
    TwoThreads scene;
    scene.waits_at(10, 11, word_of_condition, 0, 0);
    CHECK_FALSE(scene.ask(find_lost_wakeup));
}

TEST_CASE("in a child of a process with threads the one who would signal may be lost instead") {
    TwoThreads scene;
    scene.second_waits_in_condition();
    ForkRecord& record = scene.fork("parent", "a");
    Case::thread_at(record, 5, true);
    SECTION("the parent had one thread") {
        CHECK(scene.ask(find_lost_wakeup));
    }
    SECTION("the parent had two") {
        Case::thread_at(record, 6);
        CHECK_FALSE(scene.ask(find_lost_wakeup));
    }
    SECTION("the parent had two, and the child executed a program since") {
        Case::thread_at(record, 6);
        scene.executes("a", 1);
        CHECK(scene.ask(find_lost_wakeup));
    }
}

TEST_CASE("a semaphore is known by its own words where the function has no name") {
    TwoThreads scene;
    scene.waits_at(10, 11, word_of_semaphore, 0, 0);
    SECTION("one thread waits at it, and it is of one process") {
        scene.semaphore(0, 1, 0);
        const auto finding = scene.ask(find_lost_wakeup);
        REQUIRE(finding);
        CHECK_THAT(told(*finding), Contains("The semaphore is 0"));
    }
    SECTION("nobody is counted as waiting") {
        scene.semaphore(0, 0, 0);
        CHECK_FALSE(scene.ask(find_lost_wakeup));
    }
    SECTION("what says whether it is shared is neither") {
        scene.semaphore(0, 1, 7);
        CHECK_FALSE(scene.ask(find_lost_wakeup));
    }
}

TEST_CASE("a thread sleeps though its word has changed: lost-wakeup, for certain") {
    TwoThreads scene;
    scene.waits_at(10, 11, private_memory, 1, 0);
    SECTION("a latch counts down and wakes nobody before it is 0: not claimed of a mere word") {
        CHECK_FALSE(scene.ask(find_lost_wakeup));
    }
    scene.stands_in(11, {"__futex_abstimed_wait_common", "sem_wait", "consume"});
    SECTION("with glibc") {
        const auto finding = scene.ask(find_lost_wakeup);
        REQUIRE(finding);
        CHECK_THAT(told(*finding), Contains("went to sleep while the word was 0, and the word is 1 by now"));
    }
    SECTION("another C library may have moved the waiter to another word") {
        scene.of(10).mappings.pop_back();
        CHECK_FALSE(scene.ask(find_lost_wakeup));
    }
}

TEST_CASE("a mutex that is free and one that has another owner: only the free one is a lost wake-up") {
    TwoThreads scene;
    SECTION("free") {
        scene.waits_at(10, 11, private_memory, 0, 2);
        scene.stands_in(11, {"__lll_lock_wait", "pthread_mutex_lock"});
        CHECK(scene.ask(find_lost_wakeup));
    }
    SECTION("locked") {
        scene.waits_at(10, 11, private_memory, 1, 2);
        scene.stands_in(11, {"__lll_lock_wait", "pthread_mutex_lock"});
        CHECK_FALSE(scene.ask(find_lost_wakeup));
    }
}

TEST_CASE("pthread_cond_destroy counts who leaves: its word changes, and it goes on waiting") {
    TwoThreads scene;
    scene.waits_at(10, 11, private_memory, 4, 12);
    scene.stands_in(11, {"pthread_cond_destroy", "main"});
    CHECK_FALSE(scene.ask(find_lost_wakeup));
}

TEST_CASE("not a lost wake-up while somebody further on waits for a lock") {
    TwoThreads scene;
    scene.second_waits_in_condition();
    scene.asleep(10, 12, SYS_wait4, {20, 0, 0});
    scene.process(20, "a/1", 10);
    SECTION("a child that waits for a lock") {
        scene.waits_at(20, 20, private_memory, 2, 2);
        scene.stands_in(20, {"__lll_lock_wait", "pthread_mutex_lock"});
        CHECK_FALSE(scene.ask(find_lost_wakeup));
    }
    SECTION("a child that waits at a condition variable") {
        scene.waits_at(20, 20, private_memory, 0, 0);
        scene.stands_in(20, {"pthread_cond_wait"});
        CHECK(scene.ask(find_lost_wakeup));
    }
}

TEST_CASE("a thread that asks again and again needs no wake-up") {
    TwoThreads scene;
    ThreadSnapshot& thread = scene.waits_at(10, 11, private_memory, 3, 2);
    thread.args[3] = private_memory + 0x100;  // a time-out
    thread.retried_while = 1;
    CHECK_FALSE(scene.ask(find_lost_wakeup));
}

TEST_CASE("the word of a PI lock is never compared: its owner's tid is no change") {
    TwoThreads scene;
    scene.word(10, private_memory, 10);
    scene.asleep(10, 11, SYS_futex, {private_memory, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0});
    CHECK_FALSE(scene.ask(find_lost_wakeup));
}
