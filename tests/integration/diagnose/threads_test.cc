#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <latch>
#include <mutex>
#include <thread>

#include "catch.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

void lock_crosswise() {
    keep_only({});
    static std::mutex one, other;
    static std::latch both(2);
    std::thread second([] {
        const std::lock_guard first(other);
        both.arrive_and_wait();
        const std::lock_guard then(one);
    });
    const std::lock_guard first(one);
    both.arrive_and_wait();
    const std::lock_guard then(other);
    second.join();
}

void join_each_other() {
    keep_only({});
    static pthread_t main_thread = pthread_self();
    std::thread second([] { pthread_join(main_thread, nullptr); });
    second.join();
}

void join_a_thread_that_locks_what_is_held() {
    keep_only({});
    static std::mutex mutex;
    const std::lock_guard held(mutex);
    std::thread second([] { const std::lock_guard never(mutex); });
    second.join();
}

void leave_a_stuck_thread_behind() {
    keep_only({});
    std::thread([] { pause(); }).detach();
    syscall(SYS_exit, 0);  // of this thread alone
}

}  // namespace

TEST_CASE("two threads that lock two mutexes crosswise: lock-cycle") {
    StuckTree tree(lock_crosswise);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(diagnosis.cause == Cause::lock_cycle);
    CHECK_THAT(told(diagnosis), Contains("which a thread 2 holds"));
    CHECK_THAT(told(diagnosis), Contains("a thread 2 holds the mutex at"));
    CHECK(find(diagnosis, "a", "thread 2")->wait.word == 2);
}

TEST_CASE("two threads that join each other are proven stuck") {
    StuckTree tree(join_each_other);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(find(diagnosis, "a", "main")->stuck);
    CHECK(find(diagnosis, "a", "thread 2")->stuck);
}

TEST_CASE("a thread that joins one which waits for its mutex: lock-cycle") {
    StuckTree tree(join_a_thread_that_locks_what_is_held);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(diagnosis.cause == Cause::lock_cycle);
    CHECK_THAT(told(diagnosis), Contains(" and waits to join a thread 2, in "));
}

TEST_CASE("a process whose main thread has ended is judged by the threads that are left") {
    StuckTree tree(leave_a_stuck_thread_behind);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(find(diagnosis, "a", "main")->wait.kind == WaitKind::exited);
    CHECK(find(diagnosis, "a", "thread 2")->wait.kind == WaitKind::signal);
    CHECK(diagnosis.processes.front().state == "running");
}
