#include <cstring>

#include "case.h"
#include "catch.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t lock = private_memory + 0x200;
constexpr pid_t child = 20;

// a, with a main thread and one more, forked a/1, whose only thread waits at `lock`.
struct Forked : Case {
    ForkRecord* record = nullptr;
    ThreadAtFork* second = nullptr;

    explicit Forked(std::uint32_t word) {
        process(child, "a/1");
        main_processes({"a/1"});
        waits_at(child, child, lock, word, word);
        record = &fork("a", "a/1");
        thread_at(*record, 10, true);
        second = &thread_at(*record, 11);
    }
    void at_fork_the_word_was(std::uint32_t word) {
        std::vector<elf::SavedStack> memory(1, {.start = lock, .bytes = {}});
        memory.front().bytes.resize(sizeof word);
        std::memcpy(memory.front().bytes.data(), &word, sizeof word);
        record->memory = std::make_shared<const std::vector<elf::SavedStack>>(std::move(memory));
    }
    void python_waits() {
        stands_in(child, {"__futex_abstimed_wait_common", "sem_wait", "PyThread_acquire_lock_timed"});
    }
};

}  // namespace

TEST_CASE("a low-level lock without an owner: the only other thread at the fork held it") {
    Forked forked(2);
    SECTION("nothing is known of the memory at the fork") {
        const auto finding = forked.ask(find_inherited_lock);
        REQUIRE(finding);
        CHECK_THAT(told(*finding), Contains("(no other thread but the forking one existed"));
    }
    SECTION("it was locked at the fork") {
        forked.at_fork_the_word_was(1);
        const auto finding = forked.ask(find_inherited_lock);
        REQUIRE(finding);
        CHECK_THAT(told(*finding),
                   Contains("it was locked at the fork, its word was 1, and no other thread"));
    }
    SECTION("it was free at the fork: somebody of the child has taken it since") {
        forked.at_fork_the_word_was(0);
        Case::on_stack(*forked.second, lock);
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
    SECTION("two other threads existed: not claimed, unless something links one of them to the lock") {
        Case::thread_at(*forked.record, 12);
        CHECK_FALSE(forked.ask(find_inherited_lock));
        Case::on_stack(forked.record->threads[2], lock);
        const auto finding = forked.ask(find_inherited_lock);
        REQUIRE(finding);
        CHECK(finding->edges.back().to == "a:thread 3");
    }
    SECTION("the other one waited for the lock itself: it did not hold it") {
        forked.second->waits_for = lock;
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
}

TEST_CASE("memory from before an execve is gone: what was locked at a fork says nothing of it") {
    Forked forked(2);
    SECTION("the child has executed another program since") {
        forked.executes("a/1", 1);
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
    SECTION("its parent had, before the fork: its memory was copied all the same") {
        forked.executes("a/1", 0);
        forked.record->parent_execs = 1;
        CHECK(forked.ask(find_inherited_lock));
    }
    SECTION("the parent was forked with the lock, and executed another program before this fork") {
        forked.second->waits_for = lock;  // so it is not the one
        forked.record->parent = "b/1";
        ForkRecord& earlier = forked.fork("b", "b/1");
        Case::thread_at(earlier, 5, true);
        Case::thread_at(earlier, 6);
        CHECK(forked.ask(find_inherited_lock));
        forked.scope.forks.front().parent_execs = 1;
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
    SECTION("nothing was copied: vfork") {
        forked.record->shares_memory = true;
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
}

TEST_CASE("a word that no lock has is nobody's, though only one other thread existed") {
    Forked forked(77);
    CHECK_FALSE(forked.ask(find_inherited_lock));
}

TEST_CASE("a join's word is no lock, though the joined thread had its address on its stack") {
    Forked forked(11);
    Case::on_stack(*forked.second, lock);
    CHECK_FALSE(forked.ask(find_inherited_lock));
    CHECK(forked.ask(find_lost_thread));
}

TEST_CASE("a mutex names its owner") {
    Forked forked(2);
    const std::uint32_t mutex[] = {2, 1, 11, 1, 0, 0};  // lock, count, owner, users, kind
    forked.bytes(child, lock, mutex, sizeof mutex);
    forked.stands_in(child, {"__lll_lock_wait", "pthread_mutex_lock"});
    SECTION("which was not copied") {
        const auto finding = forked.ask(find_inherited_lock);
        REQUIRE(finding);
        CHECK_THAT(told(*finding), Contains("names it as its owner"));
    }
    SECTION("which was the forking thread: it could unlock it, if it were not the one who waits") {
        forked.record->threads[0].inner_tid = 11;
        forked.record->threads[1].inner_tid = 10;
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
}

TEST_CASE("a FILE's lock points to its owner's thread descriptor, which lies on that thread's stack") {
    Forked forked(2);
    Case::thread_at(*forked.record, 12);
    constexpr std::uint64_t descriptor = private_memory + 0x8000;
    const std::uint64_t file_lock[] = {std::uint64_t{1} << 32 | 2, descriptor};
    forked.bytes(child, lock, file_lock, sizeof file_lock);
    forked.record->threads[2].stack.start = descriptor - 0x400;
    SECTION("the third thread's") {
        Case::on_stack(forked.record->threads[2], 0);
        const auto finding = forked.ask(find_inherited_lock);
        REQUIRE(finding);
        CHECK(finding->edges.back().to == "a:thread 3");
        CHECK_THAT(told(*finding), Contains("is its thread descriptor"));
    }
    SECTION("nobody's: that thread's frames lie above it") {
        forked.record->threads[2].stack.start = descriptor + 0x400;
        Case::on_stack(forked.record->threads[2], 0);
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
}

TEST_CASE("a semaphore that is 0 is a lock only in Python, and only where it was 0 at the fork") {
    Forked forked(0);
    SECTION("in Python, 0 at the fork") {
        forked.python_waits();
        forked.at_fork_the_word_was(0);
        const auto finding = forked.ask(find_inherited_lock);
        REQUIRE(finding);
        CHECK_THAT(told(*finding), Contains("it was locked at the fork, its word was 0"));
    }
    SECTION("in Python, 1 at the fork") {
        forked.python_waits();
        forked.at_fork_the_word_was(1);
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
    SECTION("in Python, not known at the fork") {
        forked.python_waits();
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
    SECTION("elsewhere") {
        forked.stands_in(child, {"sem_wait", "take_work"});
        forked.at_fork_the_word_was(0);
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
}

TEST_CASE("the guard of a static object is a lock while the object is made") {
    constexpr std::uint32_t pending = 0x100, waiting = 0x10000;
    SECTION("being made") {
        Forked forked(pending | waiting);
        forked.stands_in(child, {"syscall", "__cxa_guard_acquire", "settings"});
        CHECK(forked.ask(find_inherited_lock));
    }
    SECTION("made") {
        Forked forked(1);
        forked.stands_in(child, {"syscall", "__cxa_guard_acquire", "settings"});
        CHECK_FALSE(forked.ask(find_inherited_lock));
    }
}
