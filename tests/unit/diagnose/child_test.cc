#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

constexpr std::uint64_t any_child = ~std::uint64_t{0};

void stuck_child(Scene& scene, pid_t pid, const std::string& path) {
    scene.process(pid, path, 10);
    scene.read_end(pid, 3, static_cast<std::uint64_t>(pid)),
        scene.write_end(pid, 4, static_cast<std::uint64_t>(pid));
    scene.asleep(pid, pid, SYS_read, {3, 0, 1});
}

void running_child(Scene& scene, pid_t pid, const std::string& path) {
    scene.process(pid, path, 10);
    scene.running(pid, pid);
}

}  // namespace

TEST_CASE("waiting for a child is stuck when the child is") {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_wait4, {any_child, 0, 0, 0});
    stuck_child(scene, 20, "a/1");
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::child);
    CHECK(scene.wait(10).children == std::vector<pid_t>{20});
    CHECK(scene.wait(10).sentence == "waits for its child a/1");
}

TEST_CASE("waiting for any child is not stuck while one of them runs") {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_wait4, {any_child, 0, 0, 0});
    stuck_child(scene, 20, "a/1");
    running_child(scene, 30, "a/2");
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("waiting for one child is nothing to the others, but one that goes on may kill it") {
    Scene scene;
    scene.process(10, "a");
    stuck_child(scene, 20, "a/1");
    stuck_child(scene, 30, "a/2");
    SECTION("wait4") {
        scene.asleep(10, 10, SYS_wait4, {20, 0, 0, 0});
    }
    SECTION("waitid") {
        scene.asleep(10, 10, SYS_waitid, {P_PID, 20, 0, WEXITED});
    }
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).children == std::vector<pid_t>{20});
    CHECK(scene.wait(10).wakers == std::vector<pid_t>{20});
    scene.of(30).threads.front().state = 'R';
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.may_go_on(10) == "a/2 may end its wait by a signal: it runs");
}

TEST_CASE("the child is named by its number in its own namespace") {
    Scene scene;
    scene.process(10, "a");
    stuck_child(scene, 20, "a/1");
    stuck_child(scene, 30, "a/2");
    scene.of(20).inner_pid = 3;
    scene.asleep(10, 10, SYS_wait4, {3, 0, 0, 0});
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).children == std::vector<pid_t>{20});
}

TEST_CASE("waiting for a process group counts as waiting for any child") {
    Scene scene;
    scene.process(10, "a");
    stuck_child(scene, 20, "a/1");
    scene.asleep(10, 10, SYS_wait4, {0, 0, 0, 0});
    CHECK(scene.stuck(10));
    running_child(scene, 30, "a/2");
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a waiter whose child has ended but is not yet reaped is about to return") {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_wait4, {any_child, 0, 0, 0});
    stuck_child(scene, 20, "a/1");
    scene.zombie(30, "a/2", 10);
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).by_itself);
}

TEST_CASE("a waiter that traces others may hear of them") {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_wait4, {any_child, 0, 0, 0});
    scene.process(40, "b");
    scene.running(40, 40).tracer = 10;
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).sentence == "waits for what b does, which it traces");
    SECTION("unless they are stuck: stopped by it, for one") {
        scene.of(40).threads.front().state = 't';
        CHECK(scene.stuck(10));
        CHECK(scene.stuck(40));
        CHECK(scene.wait(40).sentence == "is stopped by its tracer, a");
    }
    SECTION("a tracee that is no child counts beside the children") {
        stuck_child(scene, 20, "a/1");
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("a waiter without a child in sight is not understood") {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_wait4, {any_child, 0, 0, 0});
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).by_outside);
}

TEST_CASE("a vfork parent is stuck when the child that shares its memory is") {
    Scene scene;
    scene.process(10, "a");
    ThreadSnapshot& parent = scene.asleep(10, 10, SYS_clone, {CLONE_VFORK | CLONE_VM});
    parent.state = 'D';
    stuck_child(scene, 20, "a/1");
    stuck_child(scene, 30, "a/2");
    CHECK_FALSE(scene.stuck(10));  // which one it is is not to be seen
    scene.of(10).memory_of = scene.of(20).memory_of = 10;
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::vfork);
    CHECK(scene.wait(10).wakers == std::vector<pid_t>{20});
    scene.of(20).threads.front().state = 'R';
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a clone with CLONE_VFORK but memory of its own may have made any of the children") {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_clone, {CLONE_VFORK}).state = 'D';
    stuck_child(scene, 20, "a/1");
    CHECK(scene.stuck(10));
    scene.of(20).threads.front().state = 'R';
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a clone that is no vfork returns by itself") {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_clone, {CLONE_VM}).state = 'D';
    CHECK_FALSE(scene.stuck(10));
}
