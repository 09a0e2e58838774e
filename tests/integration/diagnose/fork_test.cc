#include <pthread.h>
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

struct Steps {
    Pipe locked;    // the second thread has the lock
    Pipe forkable;  // the test has looked at the parent's threads
};

// The second thread holds a mutex while main forks; the child wants it.
void fork_while_locked(const Steps& steps) {
    std::thread([&] { hold_the_lock_and_wait(steps.locked); }).detach();
    wait_for(steps.forkable.read);
    if (fork() == 0) {
        keep_only({});
        const std::lock_guard never(lock_of_the_second_thread);
        _exit(0);
    }
    keep_only({});
    waitpid(-1, nullptr, 0);
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
