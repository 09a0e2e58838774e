#include "case.h"
#include "catch.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t condition = private_memory + 0x400;
constexpr std::uint64_t its_word = condition + 40;
constexpr pid_t child = 20, lost = 11;

// a, with a main thread and one more, forked a/1, whose only thread waits.
struct Forked : Case {
    ForkRecord* record = nullptr;
    ThreadAtFork* second = nullptr;

    Forked() {
        process(child, "a/1");
        main_processes({"a/1"});
        record = &fork("a", "a/1");
        thread_at(*record, 10, true);
        second = &thread_at(*record, lost);
    }
    void waits_in_condition() {
        waits_at(child, child, its_word, 0, 0);
        stands_in(child, {"__futex_abstimed_wait_common", "pthread_cond_wait", "take_result"});
    }
};

}  // namespace

TEST_CASE("a join whose word has the tid of a thread that fork did not copy: lost-thread") {
    Forked forked;
    forked.waits_at(child, child, private_memory, lost, lost, true);
    const auto finding = forked.ask(find_lost_thread);
    REQUIRE(finding);
    CHECK(finding->cause == Cause::lost_thread);
    CHECK_THAT(told(*finding), Contains("it waits for the end of a thread 2 (pthread_join)"));
    CHECK_THAT(told(*finding), Contains("the word is 11, its thread id"));
    CHECK(finding->edges.back().to == "a:thread 2");
}

TEST_CASE("after an execve a thread id in a word is another thread's") {
    Forked forked;
    forked.waits_at(child, child, private_memory, lost, lost, true);
    forked.executes("a/1", 1);
    CHECK_FALSE(forked.ask(find_lost_thread));
}

TEST_CASE("a condition variable: lost-thread where the lost one waited in the same object") {
    Forked forked;
    forked.waits_in_condition();
    SECTION("nothing links it to the object: not claimed") {
        CHECK_FALSE(forked.ask(find_lost_thread));
    }
    SECTION("it waited at another word of the object") {
        forked.second->waits_for = its_word - 96;
        const auto finding = forked.ask(find_lost_thread);
        REQUIRE(finding);
        CHECK_THAT(told(*finding), Contains("96 bytes from there, in the same object"));
        CHECK_THAT(told(*finding), Contains("it waits at the condition variable at"));
    }
    SECTION("it waited somewhere else: not claimed") {
        forked.second->waits_for = its_word + 0x1000;
        CHECK_FALSE(forked.ask(find_lost_thread));
    }
    SECTION("a pointer to the object lay on its stack") {
        Case::on_stack(*forked.second, condition - 64);
        const auto finding = forked.ask(find_lost_thread);
        REQUIRE(finding);
        CHECK_THAT(told(*finding), Contains("has this word at offset 104, lay on its stack"));
    }
    SECTION("a pointer to what lies behind, or far before it: not claimed") {
        Case::on_stack(*forked.second, its_word + 8);
        Case::on_stack(*forked.second, its_word - 0x300);
        CHECK_FALSE(forked.ask(find_lost_thread));
    }
}

TEST_CASE("a child that has a thread of its own at the object may wait for that one: not claimed") {
    Forked forked;
    forked.waits_in_condition();
    forked.second->waits_for = its_word - 48;
    CHECK(forked.ask(find_lost_thread));
    forked.waits_at(child, 21, its_word - 48, 0, 0);
    forked.stands_in(21, {"pthread_cond_wait", "take_job"});
    CHECK_FALSE(forked.ask(find_lost_thread));
}

TEST_CASE("who destroys a condition variable waits for the lost waiter") {
    Forked forked;
    forked.waits_at(child, child, condition + 36, 12, 12);
    forked.stands_in(child, {"pthread_cond_destroy", "exit"});
    forked.second->waits_for = condition + 44;
    const auto finding = forked.ask(find_lost_thread);
    REQUIRE(finding);
    CHECK_THAT(told(*finding), Contains("it destroys the condition variable"));
}

TEST_CASE("the thread that forked is not lost, and one that exists in the child is not either") {
    Case scene;
    scene.process(child, "a/1");
    scene.main_processes({"a/1"});
    ForkRecord& record = scene.fork("a", "a/1");
    SECTION("the forking one") {
        Case::thread_at(record, lost, true);
    }
    SECTION("one with a tid that the child has too: it is another pid namespace's, or was used again") {
        Case::thread_at(record, 10, true);
        Case::thread_at(record, lost);
        scene.asleep(child, lost, 34 /* pause */, {});
    }
    scene.waits_at(child, child, private_memory, lost, lost, true);
    CHECK_FALSE(scene.ask(find_lost_thread));
}

TEST_CASE("what lies in shared memory is not lost with a fork") {
    Forked forked;
    forked.waits_at(child, child, shared_memory + 40, 0, 0, true);
    forked.stands_in(child, {"pthread_cond_wait"});
    forked.second->waits_for = shared_memory + 40;
    CHECK_FALSE(forked.ask(find_lost_thread));
}

TEST_CASE("a lock is never a lost thread's work, whatever lay on its stack") {
    Forked forked;
    forked.waits_at(child, child, its_word, 2, 2);
    forked.stands_in(child, {"__lll_lock_wait", "pthread_mutex_lock"});
    Case::on_stack(*forked.second, its_word);
    CHECK_FALSE(forked.ask(find_lost_thread));
}

TEST_CASE("a waiter of a condition variable is nobody's inherited lock") {
    Forked forked;
    forked.waits_at(child, child, its_word, 2, 2);
    forked.stands_in(child, {"pthread_cond_wait"});
    Case::on_stack(*forked.second, its_word);
    CHECK_FALSE(forked.ask(find_inherited_lock));
}
