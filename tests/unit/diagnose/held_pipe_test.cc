#include <sys/socket.h>
#include <sys/syscall.h>

#include "case.h"
#include "catch.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

// a reads a pipe whose write end only its grandchild a/1/1 has, which waits for a signal.
struct Reader : Case {
    Reader() {
        process(10, "a");
        process(30, "a/1/1");
        main_processes({"a"});
        read_end(10, 3, 77);
        write_end(30, 1, 77);
        asleep(10, 10, SYS_read, {3, 0, 1});
        asleep(30, 30, SYS_pause, {});
    }
    // What the child of a fork got.
    void forked(const std::string& parent, const std::string& child, bool with_write_end) {
        ForkRecord& record = fork(parent, child);
        DescriptorSnapshot end = of(with_write_end ? 30 : 10).descriptors.front();
        record.descriptors.push_back(std::move(end));
    }
    std::string explanation() {
        const auto finding = ask(find_held_pipe);
        return finding ? told(*finding) : "";
    }
};

}  // namespace

TEST_CASE("held-pipe: who holds the write end, and through which forks it came there") {
    Reader scene;
    SECTION("from the reader itself") {
        scene.forked("a", "a/1", true);
        scene.forked("a/1", "a/1/1", true);
        CHECK_THAT(scene.explanation(),
                   Contains("as its fd 1, inherited through the forks a → a/1 → a/1/1."));
    }
    SECTION("its parent had opened it") {
        scene.forked("a", "a/1", false);
        scene.forked("a/1", "a/1/1", true);
        CHECK_THAT(scene.explanation(), Contains("as its fd 1, inherited through the fork a/1 → a/1/1."));
    }
    SECTION("across an execve: descriptors survive it") {
        scene.forked("a", "a/1", true);
        scene.forked("a/1", "a/1/1", true);
        scene.executes("a/1/1", 1);
        CHECK_THAT(scene.explanation(),
                   Contains("as its fd 1, inherited through the forks a → a/1 → a/1/1."));
    }
    SECTION("not by fork") {
        scene.forked("a", "a/1", true);
        scene.forked("a/1", "a/1/1", false);
        CHECK_THAT(scene.explanation(), Contains("opened or was given after it was forked"));
    }
    SECTION("nobody has seen the forks: nothing is made up") {
        CHECK_THAT(scene.explanation(), Contains("as its fd 1."));
    }
}

TEST_CASE("not a held pipe while a holder waits for something of its own") {
    Reader scene;
    SECTION("at a lock") {
        scene.waits_at(30, 31, private_memory, 2, 2);
        CHECK(scene.explanation().empty());
    }
    SECTION("for the reader itself") {
        scene.write_end(10, 4, 78);
        scene.read_end(30, 5, 78);
        scene.asleep(30, 31, SYS_read, {5, 0, 1});
        CHECK(scene.explanation().empty());
    }
}

namespace {

constexpr std::uint64_t fifo_device = 0x801;

DescriptorSnapshot& fifo(Scene& scene, pid_t pid, int fd, bool write) {
    DescriptorSnapshot& end = scene.descriptor(pid, fd, "/tmp/requests");
    end.kind = FileKind::pipe;
    end.inode = 78, end.device = fifo_device;
    (write ? end.writable : end.readable) = true;
    return end;
}

SocketSnapshot& socket(Scene& scene, pid_t pid, int fd, std::uint64_t inode, std::uint64_t peer) {
    DescriptorSnapshot& end = scene.descriptor(pid, fd, "socket:[" + std::to_string(inode) + "]");
    end.kind = FileKind::socket;
    end.inode = inode;
    end.readable = end.writable = true;
    SocketSnapshot snapshot;
    snapshot.type = SOCK_STREAM;
    snapshot.connected = true;
    snapshot.peer = peer;
    snapshot.time_outs = SocketSnapshot::TimeOuts{};
    return scene.snapshot.sockets[inode] = snapshot;
}

// boss waits for its child boss/1, which reads a socket (71) until its end. Its peer (70) is left to boss/2,
// which waits at its own (73), whose peer (72) boss has.
struct Workers : Case {
    Workers() {
        process(10, "boss");
        process(20, "boss/1", 10);
        process(30, "boss/2", 10);
        main_processes({"boss"});
        asleep(10, 10, SYS_wait4, {20, 0, 0});
        asleep(20, 20, SYS_recvfrom, {4, 0, 1, 0});
        asleep(30, 30, SYS_recvfrom, {6, 0, 1, 0});
        socket(*this, 20, 4, 71, 70);
        socket(*this, 30, 3, 70, 71);
        socket(*this, 30, 6, 73, 72);
        socket(*this, 10, 5, 72, 73);
    }
};

}  // namespace

TEST_CASE("held-pipe: a FIFO's write end is kept open") {
    Case scene;
    scene.process(10, "a");
    scene.process(20, "b");
    scene.main_processes({"a"});
    fifo(scene, 10, 3, false);
    fifo(scene, 20, 1, true);
    scene.asleep(10, 10, SYS_read, {3, 0, 1});
    scene.asleep(20, 20, SYS_pause, {});
    SECTION("by somebody else") {
        const auto finding = scene.ask(find_held_pipe);
        REQUIRE(finding);
        CHECK_THAT(told(*finding), Contains("a waits for bytes or the end of /tmp/requests (its fd 3)"));
        CHECK_THAT(told(*finding), Contains("b holds the write end open as its fd 1."));
    }
    SECTION("by the reader itself") {
        scene.of(10).descriptors.front().writable = true;
        CHECK_FALSE(scene.ask(find_held_pipe));
    }
    SECTION("by nobody: one with the same inode on another device is another one") {
        scene.of(20).descriptors.front().device = fifo_device + 1;
        CHECK_FALSE(scene.ask(find_held_pipe));
    }
}

TEST_CASE("held-pipe: a worker keeps another worker's socket") {
    Workers scene;
    SECTION("inherited") {
        ForkRecord& record = scene.fork("boss", "boss/2");
        record.descriptors.push_back(scene.of(30).descriptors.front());
        const auto finding = scene.ask(find_held_pipe);
        REQUIRE(finding);
        CHECK_THAT(told(*finding), Contains("boss/1 waits for bytes or the end of socket:[71] (its fd 4)"));
        CHECK_THAT(
            told(*finding),
            Contains(
                "boss/2 holds its peer, socket:[70], open as its fd 3, inherited through the fork boss → "
                "boss/2."));
    }
    SECTION("a datagram socket's end is never told: to close it would change nothing") {
        scene.snapshot.sockets[71].type = SOCK_DGRAM;
        CHECK_FALSE(scene.ask(find_held_pipe));
    }
}

TEST_CASE("three that read from each other in a circle: nobody just holds an end") {
    Case scene;
    scene.main_processes({"a"});
    for (const pid_t pid : {10, 20, 30}) {
        scene.process(pid, std::string(1, static_cast<char>('a' + pid / 10 - 1)));
        scene.asleep(pid, pid, SYS_read, {3, 0, 1});
        scene.read_end(pid, 3, static_cast<std::uint64_t>(pid));
        scene.write_end(pid, 4, static_cast<std::uint64_t>(pid == 10 ? 30 : pid - 10));
    }
    CHECK(scene.stuck(10));
    CHECK_FALSE(scene.ask(find_held_pipe));
}
