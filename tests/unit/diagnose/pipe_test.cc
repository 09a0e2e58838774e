#include <sys/syscall.h>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

// a reads from what b could write, b reads from what a could write.
Scene two_readers() {
    Scene scene;
    scene.process(10, "a");
    scene.process(20, "b");
    scene.read_end(10, 3, 100), scene.write_end(20, 3, 100);
    scene.read_end(20, 4, 200), scene.write_end(10, 4, 200);
    scene.asleep(10, 10, SYS_read, {3, 0, 1});
    scene.asleep(20, 20, SYS_read, {4, 0, 1});
    return scene;
}

// a reads from a pipe that only b could write to; b waits for a signal.
Scene one_reader() {
    Scene scene;
    scene.process(10, "a");
    scene.process(20, "b");
    scene.read_end(10, 3, 100), scene.write_end(20, 5, 100);
    scene.asleep(10, 10, SYS_read, {3, 0, 1});
    return scene;
}

}  // namespace

TEST_CASE("a reader is stuck when only stuck threads hold the write end") {
    const Scene scene = two_readers();
    CHECK(scene.stuck(10));
    CHECK(scene.stuck(20));
    CHECK(scene.wait(10).kind == WaitKind::pipe_read);
    CHECK(scene.wait(10).pipe_inode == 100);
    CHECK(scene.wait(10).sentence == "reads from pipe:[100] (fd 3), whose write end b (fd 3) holds open");
}

TEST_CASE("a reader is not stuck when a running thread holds the write end") {
    Scene scene = one_reader();
    scene.running(20, 20);
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.may_go_on(10) == "b may end its wait: it runs");
}

TEST_CASE("a reader is not stuck when one of several threads of the writer runs") {
    Scene scene = two_readers();
    scene.running(20, 21);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a reader that holds the write end itself, and has no other thread, is stuck") {
    Scene scene;
    scene.process(10, "a");
    scene.read_end(10, 3, 100), scene.write_end(10, 4, 100);
    scene.asleep(10, 10, SYS_read, {3, 0, 1});
    CHECK(scene.stuck(10));
}

TEST_CASE("a reader of a pipe that no process in sight can write to is not proven stuck") {
    Scene scene;
    scene.process(10, "a");
    scene.read_end(10, 3, 100);
    scene.asleep(10, 10, SYS_read, {3, 0, 1});
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).by_outside);
}

TEST_CASE("a reader is not stuck when the runner holds the write end too") {
    Scene scene = two_readers();
    CHECK(scene.stuck(10));
    DescriptorSnapshot end = scene.of(20).descriptors.front();
    REQUIRE(end.writable);
    scene.snapshot.held_outside.push_back(end);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a writer is stuck when only stuck threads hold the read end") {
    Scene scene;
    scene.process(10, "a");
    scene.process(20, "b");
    scene.write_end(10, 3, 100), scene.read_end(20, 3, 100);
    scene.write_end(20, 4, 200), scene.read_end(10, 4, 200);
    scene.asleep(10, 10, SYS_write, {3, 0, 1});
    scene.asleep(20, 20, SYS_writev, {4, 0, 1});
    CHECK(scene.stuck(10));
    CHECK(scene.stuck(20));
    CHECK(scene.wait(20).kind == WaitKind::pipe_write);
}

TEST_CASE("a writer to a pipe that only the runner reads is not stuck") {
    Scene scene;
    scene.process(10, "a");
    scene.write_end(10, 1, 100);
    scene.asleep(10, 10, SYS_write, {1, 0, 1});
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("descriptors on their way through a socket may be the write end") {
    Scene scene = two_readers();
    scene.descriptor(20, 9, "socket:[5]").scm_fds = 1;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a process whose descriptors can't be read may hold the write end") {
    Scene scene = two_readers();
    scene.process(30, "c").unreadable = true;
    scene.asleep(30, 30, SYS_pause, {});
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a FIFO can be opened by any living process of the sandbox, and by anybody elsewhere") {
    Scene scene;
    scene.process(10, "a");
    const auto fifo = [&](const std::string& path) {
        scene.of(10).descriptors.clear();
        DescriptorSnapshot& end = scene.descriptor(10, 3, path);
        end.kind = FileKind::pipe, end.readable = end.writable = true;
        end.inode = 5, end.device = 6;
    };
    scene.asleep(10, 10, SYS_read, {3, 0, 1});
    fifo("/tmp/fifo");
    CHECK(scene.stuck(10));
    fifo("/srv/fifo");
    CHECK_FALSE(scene.stuck(10));
    fifo("/tmp/fifo");
    scene.process(20, "b");
    scene.running(20, 20);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("reading from anything that is no channel is not understood") {
    Scene scene;
    scene.process(10, "a");
    scene.descriptor(10, 3, "/dev/pts/0");
    scene.asleep(10, 10, SYS_read, {3, 0, 1});
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).by_outside ==
          "is in system call read on /dev/pts/0 (fd 3), which this version does not understand");
}

TEST_CASE("splice waits at both of its pipes, and not at a regular file") {
    Scene scene = one_reader();
    scene.of(10).threads.clear();
    scene.write_end(10, 7, 200), scene.read_end(20, 7, 200);
    scene.asleep(20, 20, SYS_read, {5, 0, 1});
    scene.of(20).threads.clear();
    scene.process(30, "c");
    scene.read_end(30, 3, 300), scene.write_end(30, 4, 300);
    scene.asleep(30, 30, SYS_read, {3, 0, 1});
    scene.write_end(30, 5, 100);
    SECTION("both") {
        scene.asleep(10, 10, SYS_splice, {3, 0, 7, 0, 1});
        CHECK(scene.stuck(10));
        CHECK(scene.wait(10).sentence ==
              "reads from pipe:[100] (fd 3), whose write end b (fd 5) and c (fd 5) hold open; and writes to "
              "pipe:[200] (fd 7), whose read end b (fd 7) holds open");
        scene.running(20, 21);
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("from a file") {
        scene.descriptor(10, 8, "/etc/passwd").regular = true;
        scene.asleep(10, 10, SYS_sendfile, {7, 8, 0, 1});
        CHECK(scene.wait(10).kind == WaitKind::pipe_write);
        CHECK(scene.stuck(10));
    }
}

TEST_CASE("a FIFO's opening lasts until somebody opens its other side") {
    Scene scene;
    scene.process(10, "a");
    DescriptorSnapshot fifo;
    fifo.target = "/tmp/fifo";
    fifo.kind = FileKind::pipe;
    fifo.readable = true;
    scene.asleep(10, 10, SYS_openat, {0, 0, 0}).opens = fifo;
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::fifo_open);
    CHECK(scene.wait(10).sentence ==
          "opens the FIFO /tmp/fifo for reading, until somebody opens it for writing");
    SECTION("which any thread of the sandbox could do") {
        scene.process(20, "b");
        scene.running(20, 20);
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("which anybody may do where others come, too") {
        scene.of(10).threads.front().opens->target = "/srv/fifo";
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("of another file, opening is not understood") {
        scene.of(10).threads.front().opens.reset();
        CHECK_FALSE(scene.stuck(10));
    }
}
