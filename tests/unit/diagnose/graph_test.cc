#include "diagnose/graph.h"

#include <sys/syscall.h>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

// Threads 1, 2, … of one process; what each one waits for is given by hand.
Scene threads(int count) {
    Scene scene;
    scene.process(1, "a");
    for (int tid = 1; tid <= count; ++tid) scene.asleep(1, tid, SYS_futex, {});
    return scene;
}

ThreadWait waits_for(pid_t tid, std::vector<pid_t> wakers) {
    ThreadWait wait = {.pid = 1, .tid = tid, .wait = {}, .may_go_on = {}};
    wait.wait.kind = WaitKind::futex;
    wait.wait.wakers = std::move(wakers);
    wait.wait.sentence = "waits";
    return wait;
}

ThreadWait goes_on(pid_t tid) {
    ThreadWait wait = waits_for(tid, {});
    wait.wait.kind = WaitKind::timer;
    wait.wait.by_itself = true;
    wait.wait.sentence = "sleeps";
    return wait;
}

ThreadWait held(pid_t tid) {
    ThreadWait wait = waits_for(tid, {});
    wait.wait.kind = WaitKind::held;
    wait.wait.sentence = "is held";
    return wait;
}

}  // namespace

TEST_CASE("threads that wait for each other in a circle are stuck") {
    const auto graph =
        build_graph(threads(3).snapshot, {waits_for(1, {2}), waits_for(2, {3}), waits_for(3, {1})});
    CHECK(graph.all_stuck({1, 2, 3}));
}

TEST_CASE("one way out of a circle frees everybody in it") {
    const auto graph = build_graph(threads(4).snapshot,
                                   {waits_for(1, {2}), waits_for(2, {3}), waits_for(3, {1, 4}), goes_on(4)});
    CHECK_FALSE(graph.of(1)->stuck);
    CHECK_FALSE(graph.of(2)->stuck);
    CHECK_FALSE(graph.of(3)->stuck);
    CHECK(graph.of(3)->may_go_on == "a thread 4 may end its wait: it sleeps");
}

TEST_CASE("a wait that nobody can end is stuck") {
    CHECK(build_graph(threads(1).snapshot, {waits_for(1, {})}).all_stuck({1}));
}

TEST_CASE("a waker outside of the snapshot may do anything") {
    CHECK_FALSE(build_graph(threads(1).snapshot, {waits_for(1, {99})}).all_stuck({1}));
}

TEST_CASE("a thread that has ended wakes nobody, and is not stuck itself") {
    ThreadWait ended = waits_for(2, {});
    ended.wait.kind = WaitKind::exited;
    const auto graph = build_graph(threads(2).snapshot, {waits_for(1, {2}), ended});
    CHECK(graph.of(1)->stuck);
    CHECK_FALSE(graph.of(2)->stuck);
}

TEST_CASE("what was not understood is the reason why a thread may go on") {
    ThreadWait unknown = waits_for(2, {});
    unknown.wait.by_outside = "does something new";
    const auto graph = build_graph(threads(2).snapshot, {waits_for(1, {2}), unknown});
    CHECK_FALSE(graph.of(1)->stuck);
    CHECK(graph.of(2)->may_go_on == "does something new");
}

TEST_CASE("a hold is no hang, unless holds last") {
    const std::vector<ThreadWait> waits = {waits_for(1, {2}), held(2)};
    CHECK_FALSE(build_graph(threads(2).snapshot, waits).of(1)->stuck);
    CHECK(build_graph(threads(2).snapshot, waits, {.holds_last = true}).all_stuck({1, 2}));
}

TEST_CASE("an unknown thread is not stuck") {
    CHECK_FALSE(build_graph(threads(1).snapshot, {waits_for(1, {})}).all_stuck({1, 5}));
}
