#include <poll.h>
#include <sys/syscall.h>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

DescriptorSnapshot& open(Scene& scene, pid_t pid, int fd, FileKind kind, std::uint64_t inode = 0) {
    DescriptorSnapshot& descriptor = scene.descriptor(pid, fd, "something");
    descriptor.kind = kind;
    descriptor.inode = inode;
    descriptor.readable = descriptor.writable = true;
    return descriptor;
}

// a reads from `fd` 3 of that kind; b holds the same, and waits for a signal.
Scene read_by_a(FileKind kind) {
    Scene scene;
    scene.process(10, "a");
    scene.process(20, "b");
    open(scene, 10, 3, kind, 7), open(scene, 20, 4, kind, 7);
    scene.asleep(10, 10, SYS_read, {3, 0, 8});
    scene.asleep(20, 20, SYS_pause, {});
    return scene;
}

void poll_by_a(Scene& scene) {
    scene.of(10).threads.clear();
    scene.asleep(10, 10, SYS_poll, {private_memory, 1, 0xffffffff});
    const pollfd asked = {.fd = 3, .events = POLLIN, .revents = 0};
    scene.bytes(10, private_memory, &asked, sizeof asked);
}

}  // namespace

TEST_CASE("a reader of an eventfd is stuck when only stuck threads hold it") {
    Scene scene = read_by_a(FileKind::eventfd);
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::eventfd);
    SECTION("unless one of them goes on") {
        scene.running(20, 21);
        CHECK(scene.wakes(21, 10));
    }
    SECTION("another eventfd does not count") {
        scene.process(30, "c");
        open(scene, 30, 4, FileKind::eventfd, 8);
        scene.running(30, 30);
        scene.of(20).threads.clear();
        scene.of(20).descriptors.clear();
        scene.of(10).threads.clear();
        scene.asleep(10, 10, SYS_read, {3, 0, 8});
        CHECK_FALSE(scene.wakes(30, 10));
    }
    SECTION("unless the kernel may signal it") {
        scene.descriptor(20, 9, "anon_inode:kvm-vm");
        CHECK_FALSE(scene.stuck(10));
        CHECK(scene.may_go_on(10) == "b has anon_inode:kvm-vm (fd 9), which may signal it");
    }
    SECTION("a terminal or /dev/null does not") {
        scene.descriptor(20, 0, "/dev/null"), scene.descriptor(20, 1, "/dev/pts/3");
        CHECK(scene.stuck(10));
    }
}

TEST_CASE(
    "a timer that runs ends the wait; one that nobody has armed does not, unless somebody could arm it") {
    Scene scene = read_by_a(FileKind::timerfd);
    CHECK(scene.stuck(10));
    SECTION("armed") {
        scene.of(10).descriptors.front().armed = true;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("a holder goes on") {
        scene.running(20, 21);
        CHECK(scene.wakes(21, 10));
    }
    SECTION("polled") {
        poll_by_a(scene);
        CHECK(scene.stuck(10));
        scene.of(10).descriptors.front().armed = true;
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("a signalfd is read like a signal is waited for") {
    Scene scene = read_by_a(FileKind::signalfd);
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::signal);
    scene.running(20, 21);
    CHECK(scene.wakes(21, 10));
}

TEST_CASE("poll on a pidfd waits for the end of that process") {
    Scene scene = read_by_a(FileKind::pidfd);
    poll_by_a(scene);
    scene.of(10).descriptors.front().watched_pid = 20;
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).sentence == "polls something (fd 3), until b ends");
    SECTION("which goes on") {
        scene.running(20, 21);
        CHECK(scene.wakes(21, 10));
    }
    SECTION("which has ended, waited for or not") {
        scene.of(10).descriptors.front().watched_pid = -1;
        CHECK_FALSE(scene.stuck(10));
        scene.zombie(30, "c", 1);
        scene.of(10).descriptors.front().watched_pid = 30;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("which is not looked at") {
        scene.of(10).descriptors.front().watched_pid = 99;
        CHECK_FALSE(scene.stuck(10));
        CHECK(scene.may_go_on(10) == "it waits for the end of pid 99, which is not looked at");
    }
}

TEST_CASE("inotify: who touches the files is anybody") {
    Scene scene = read_by_a(FileKind::inotify);
    CHECK(scene.stuck(10));
    scene.of(10).descriptors.front().watches = true;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a message queue: any thread of its IPC namespace can open it by its name") {
    Scene scene = read_by_a(FileKind::message_queue);
    scene.of(10).ipc_namespace = 5;
    scene.snapshot.ipc_namespace_outside = 4;
    scene.of(10).threads.clear();
    scene.asleep(10, 10, SYS_mq_timedreceive, {3, 0, 1, 0, 0});
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::message_queue);
    SECTION("and may go on") {
        scene.process(30, "c");
        scene.running(30, 30);
        CHECK(scene.wakes(30, 10));
    }
    SECTION("unless it has none any more") {
        scene.process(30, "c");
        scene.running(30, 30);
        scene.of(10).descriptors.front().target = "/queue (deleted)";
        CHECK_FALSE(scene.wakes(30, 10));
        CHECK(scene.wakes(20, 10));
    }
    SECTION("so can anybody in the runner's own namespace") {
        scene.snapshot.ipc_namespace_outside = 5;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("a time-out") {
        scene.of(10).threads.front().args[4] = private_memory;
        CHECK_FALSE(scene.stuck(10));
    }
}
