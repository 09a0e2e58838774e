#include <linux/futex.h>
#include <sys/syscall.h>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

Scene one_thread(long syscall, std::initializer_list<std::uint64_t> args = {}) {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, syscall, args);
    return scene;
}

// A thread that reads from a pipe which only it could write to.
Scene surely_stuck() {
    Scene scene = one_thread(SYS_read, {3, 0, 1});
    scene.read_end(10, 3, 100), scene.write_end(10, 4, 100);
    return scene;
}

}  // namespace

TEST_CASE("sleeping threads go on") {
    for (const long syscall : {SYS_nanosleep, SYS_clock_nanosleep, SYS_restart_syscall}) {
        const Scene scene = one_thread(syscall);
        CHECK_FALSE(scene.stuck(10));
        CHECK(scene.wait(10).kind == WaitKind::timer);
    }
}

TEST_CASE("a thread that a fake makes wait is said to be in the call that it made") {
    Scene scene = one_thread(SYS_pause);
    scene.of(10).threads.front().waits_in = "KVM_RUN of the fake /dev/kvm";
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).sentence == "waits for a signal, in KVM_RUN of the fake /dev/kvm");
}

TEST_CASE("a system call that is not understood is said by name") {
    const Scene scene = one_thread(SYS_mount);
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.may_go_on(10) == "is in system call mount, which this version does not understand");
}

TEST_CASE("a signal may come from any other thread that can go on") {
    for (const long syscall : {SYS_pause, SYS_rt_sigsuspend, SYS_rt_sigtimedwait}) {
        Scene scene = one_thread(syscall);
        CHECK(scene.stuck(10));
        scene.process(20, "b");
        scene.running(20, 20);
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("waiting for a signal with a time-out goes on") {
    CHECK_FALSE(one_thread(SYS_rt_sigtimedwait, {0, 0, private_memory, 8}).stuck(10));
}

TEST_CASE("a timer that sends a signal may end any wait of its process") {
    Scene scene = surely_stuck();
    CHECK(scene.stuck(10));
    scene.of(10).alarm = true;
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).by_outside == "a timer of a may send it a signal");
}

TEST_CASE("io_uring may do anything that its process could") {
    Scene scene = surely_stuck();
    scene.of(10).untracked_wakers = true;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a thread that the runner stopped for a moment goes on") {
    Scene scene = surely_stuck();
    scene.of(10).threads.front().paused = true;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a thread that somebody else traces and stopped is not understood") {
    Scene scene = surely_stuck();
    scene.of(10).threads.front().state = 't';
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a stopped thread is stuck when nobody is left to continue it") {
    Scene scene = surely_stuck();
    scene.of(10).threads.front().state = 'T';
    CHECK(scene.stuck(10));
    scene.process(20, "b");
    scene.running(20, 20);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a short sleep inside the kernel ends by itself") {
    Scene scene = surely_stuck();
    scene.of(10).threads.front().state = 'D';
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a sleep outside of system calls is not understood") {
    Scene scene = surely_stuck();
    scene.of(10).threads.front().in_syscall = false;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("the system calls of 32-bit programs have other numbers") {
    Scene scene = surely_stuck();
    scene.of(10).threads.front().sp = 0xffffd000;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("so have those that a 64-bit program makes in the way of 32-bit ones") {
    Scene scene = surely_stuck();
    scene.of(10).threads.front().by_syscall = false;
    CHECK_FALSE(scene.stuck(10));
}
