#include <sys/sem.h>
#include <sys/syscall.h>

#include <array>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

constexpr std::uint64_t operations = private_memory;
constexpr std::uint64_t inside = 500, outside = 600;  // IPC namespaces

Scene one_thread(long syscall, std::initializer_list<std::uint64_t> args) {
    Scene scene;
    scene.snapshot.ipc_namespace_outside = outside;
    scene.process(10, "a").ipc_namespace = inside;
    scene.asleep(10, 10, syscall, args);
    const std::array<sembuf, 2> asked = {
        {{.sem_num = 0, .sem_op = -2, .sem_flg = 0}, {.sem_num = 1, .sem_op = 0, .sem_flg = 0}}};
    scene.bytes(10, operations, asked.data(), sizeof asked);
    return scene;
}

}  // namespace

TEST_CASE("System V: semaphores and queues are anybody's in the IPC namespace") {
    Scene scene = one_thread(SYS_semop, {3, operations, 2});
    WaitKind kind = WaitKind::semaphore;
    SECTION("semaphores") {
        CHECK(scene.wait(10).sentence ==
              "waits for semaphore 0 to be at least 2 and semaphore 1 to be 0 in set 3 (semop)");
    }
    SECTION("a message") {
        scene = one_thread(SYS_msgrcv, {7, 0, 0, 0, 0});
        kind = WaitKind::message_queue;
        CHECK(scene.wait(10).sentence == "waits for a message in queue 7 (msgrcv)");
    }
    SECTION("room for a message") {
        scene = one_thread(SYS_msgsnd, {7, 0, 0, 0});
        kind = WaitKind::message_queue;
        CHECK(scene.wait(10).sentence == "waits for room in message queue 7 (msgsnd)");
    }
    CHECK(scene.wait(10).kind == kind);
    CHECK(scene.stuck(10));
    SECTION("a process there that goes on") {
        scene.process(20, "b").ipc_namespace = inside;
        scene.running(20, 20);
        CHECK_FALSE(scene.stuck(10));
        CHECK(scene.wait(10).wakers == std::vector<pid_t>{20});
    }
    SECTION("the namespace of the runner, and of everybody else") {
        scene.of(10).ipc_namespace = outside;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("a namespace that can't be read") {
        scene.of(10).ipc_namespace = 0;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("outside of a sandbox") {
        scene.snapshot.world = World::machine;
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("System V: semtimedop goes on if it has a time-out") {
    CHECK(one_thread(SYS_semtimedop, {3, operations, 2, 0}).stuck(10));
    CHECK_FALSE(one_thread(SYS_semtimedop, {3, operations, 2, private_memory + 0x800}).stuck(10));
}

TEST_CASE("System V: operations that can't be read leave the set's number") {
    Scene scene = one_thread(SYS_semop, {3, operations, 2});
    scene.snapshot.memory.clear();
    CHECK(scene.wait(10).sentence == "waits for semaphores of set 3 (semop)");
    CHECK(scene.stuck(10));
}
