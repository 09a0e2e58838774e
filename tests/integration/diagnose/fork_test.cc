#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "catch.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

std::mutex lock_of_the_second_thread;

// Named, to be seen in stacks.
extern "C" __attribute__((noinline)) void hold_the_lock_and_wait(const Pipe& locked) {
    const std::lock_guard held(lock_of_the_second_thread);
    tell(locked.write);
    pause();
}
void want_the_lock() {
    const std::lock_guard never(lock_of_the_second_thread);
}

// A lock like those inside the C library: a word that is 1 or 2 while it is locked, and no owner in it.
unsigned bare_lock = 0;
extern "C" __attribute__((noinline)) void hold_the_bare_lock_and_wait(const Pipe& locked) {
    bare_lock = 2;
    tell(locked.write);
    pause();
    bare_lock = 0;  // something to do after it: no frame is left by a jump
}
void want_the_bare_lock() {
    while (bare_lock != 0) syscall(SYS_futex, &bare_lock, FUTEX_WAIT_PRIVATE, 2, nullptr);
}

sem_t work;
extern "C" __attribute__((noinline)) void wait_before_posting(const Pipe& ready) {
    tell(ready.write);
    pause();
    sem_post(&work);
}
void want_work() {
    while (sem_wait(&work) != 0) {
    }
}

struct Steps {
    Pipe locked;    // the second thread has the lock
    Pipe forkable;  // the test has looked at the parent's threads
};

// The second thread does its part, then main forks; the child does its own.
void fork_beside(const Steps& steps, void (*second_thread)(const Pipe&), void (*child)()) {
    std::thread([&steps, second_thread] { second_thread(steps.locked); }).detach();
    wait_for(steps.forkable.read);
    if (fork() == 0) {
        keep_only({});
        child();
        _exit(0);
    }
    keep_only({});
    waitpid(-1, nullptr, 0);
}

// The second thread holds a mutex while main forks; the child wants it.
void fork_while_locked(const Steps& steps) {
    fork_beside(steps, hold_the_lock_and_wait, want_the_lock);
}

const KnownProcess& a_of(StuckTree& tree) {
    return tree.scope().processes.front();
}

// The fork has not happened when this looks, but neither main nor the holder does anything in between.
ForkRecord capture_before_fork(StuckTree& tree, const Steps& steps) {
    wait_for(steps.locked.read);
    ForkRecord record;
    const auto at_rest = [&] {
        record = capture_fork(a_of(tree), tree.a(), "a/1", 0, {});
        return record.threads.size() == 2 && !record.threads[0].running && !record.threads[1].running;
    };
    while (!at_rest()) sched_yield();
    tell(steps.forkable.write);
    return record;
}

}  // namespace

TEST_CASE("a mutex that another thread held at the fork: inherited-lock, told with its owner") {
    Steps steps;
    StuckTree tree([&] { fork_while_locked(steps); });
    ForkRecord record = capture_before_fork(tree, steps);
    record.child_pid = tree.name_child(tree.a(), "a", "a/1");
    tree.scope().forks = {record};

    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(diagnosis.cause == Cause::inherited_lock);
    INFO(told(diagnosis));
    CHECK_THAT(told(diagnosis), Contains("a/1 can never go on: it waits for the lock at"));
    CHECK_THAT(told(diagnosis),
               Contains("When a forked a/1, that lock was held by a thread 2 (the mutex names it"));
    CHECK_THAT(told(diagnosis), Contains("hold_the_lock_and_wait"));
    CHECK_THAT(told(diagnosis), Contains("a thread 2 does not exist in a/1"));
    CHECK_THAT(told(diagnosis), Contains("a waits in turn: it waits for its child a/1."));
    const auto& edge = diagnosis.edges.back();
    CHECK(edge.label == "was held at the fork by");
    CHECK(edge.to == "a:thread 2");
}

TEST_CASE(
    "a lock without an owner in it was held by the only other thread, if that stood in the lock's module") {
    Steps steps;
    StuckTree tree([&] { fork_beside(steps, hold_the_bare_lock_and_wait, want_the_bare_lock); });
    ForkRecord record = capture_before_fork(tree, steps);
    record.child_pid = tree.name_child(tree.a(), "a", "a/1");
    tree.scope().forks = {record};

    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(diagnosis.cause == Cause::inherited_lock);
    CHECK_THAT(told(diagnosis), Contains("bare_lock"));
    CHECK_THAT(told(diagnosis), Contains("no other thread but the forking one existed"));
}

TEST_CASE("a semaphore that a thread of the parent would have posted is nobody's lock") {
    Steps steps;
    StuckTree tree([&] { fork_beside(steps, wait_before_posting, want_work); });
    ForkRecord record = capture_before_fork(tree, steps);
    record.child_pid = tree.name_child(tree.a(), "a", "a/1");
    tree.scope().forks = {record};

    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(tree.explain().cause != Cause::inherited_lock);
}

TEST_CASE("without a record of the fork no owner is made up") {
    Steps steps;
    StuckTree tree([&] { fork_while_locked(steps); });
    capture_before_fork(tree, steps);
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(tree.explain().cause == Cause::unknown);
}

TEST_CASE("a fork's record has where each thread stood, and its stack") {
    Steps steps;
    StuckTree tree([&] { fork_while_locked(steps); });
    const ForkRecord record = capture_before_fork(tree, steps);
    REQUIRE(record.threads.size() == 2);
    CHECK(record.threads[0].forking);
    CHECK(record.threads[0].tid == tree.a());
    CHECK_FALSE(record.threads[1].forking);
    CHECK(record.threads[1].nth == 2);
    CHECK(record.threads[1].stack.start == record.threads[1].registers.sp);
    CHECK(record.threads[1].stack.bytes.size() > 64);
}
