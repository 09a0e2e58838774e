#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include <array>

#include "catch.h"
#include "scene.h"

using namespace rehang;

namespace {

constexpr std::uint64_t forever = 0xffffffff;  // (int)-1 in a register whose upper half is 0
constexpr std::uint64_t at = private_memory;

// a looks at two pipes; b, which is stuck by itself, could write to both of them.
Scene two_pipes() {
    Scene scene;
    scene.process(10, "a");
    scene.process(20, "b");
    scene.read_end(10, 3, 100), scene.write_end(20, 3, 100);
    scene.read_end(10, 4, 200), scene.write_end(20, 4, 200);
    scene.read_end(20, 5, 300), scene.write_end(20, 6, 300);
    scene.asleep(20, 20, SYS_read, {5, 0, 1});
    return scene;
}

void polled(Scene& scene, std::uint64_t count, int first, int second) {
    const std::array<pollfd, 2> fds = {
        {{.fd = first, .events = POLLIN, .revents = 0}, {.fd = second, .events = POLLIN, .revents = 0}}};
    scene.bytes(10, at, fds.data(), count * sizeof(pollfd));
}

}  // namespace

TEST_CASE("poll over pipes is stuck when only stuck threads hold the other ends") {
    Scene scene = two_pipes();
    scene.asleep(10, 10, SYS_poll, {at, 2, forever});
    polled(scene, 2, 3, 4);
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::poll);
}

TEST_CASE("poll with a time-out goes on") {
    Scene scene = two_pipes();
    scene.asleep(10, 10, SYS_poll, {at, 2, 1000});
    polled(scene, 2, 3, 4);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("poll is not stuck when one of its pipes can be written") {
    Scene scene = two_pipes();
    scene.process(30, "c");
    scene.write_end(30, 9, 200);
    scene.running(30, 30);
    scene.asleep(10, 10, SYS_poll, {at, 2, forever});
    polled(scene, 2, 3, 4);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("poll that looks at something of an unknown kind is not understood") {
    Scene scene = two_pipes();
    scene.descriptor(10, 7, "anon_inode:[perf_event]");
    scene.asleep(10, 10, SYS_ppoll, {at, 2, 0});
    polled(scene, 2, 3, 7);
    CHECK_FALSE(scene.stuck(10));
    CHECK(scene.wait(10).by_outside ==
          "it waits at anon_inode:[perf_event] (fd 7), which this version does not follow");
}

TEST_CASE("poll passes over negative descriptors") {
    Scene scene = two_pipes();
    scene.asleep(10, 10, SYS_poll, {at, 2, forever});
    polled(scene, 2, 3, -1);
    CHECK(scene.stuck(10));
}

TEST_CASE("poll whose descriptors could not be read is not understood") {
    Scene scene = two_pipes();
    scene.asleep(10, 10, SYS_poll, {at, 2, forever});
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("poll without descriptors waits for a signal, or for its time-out") {
    Scene scene;
    scene.process(10, "a");
    scene.asleep(10, 10, SYS_poll, {0, 0, forever});
    scene.asleep(10, 11, SYS_poll, {0, 0, 50});
    CHECK(scene.wait(10).kind == WaitKind::signal);
    CHECK(scene.wait(11).kind == WaitKind::timer);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("select over a pipe is stuck, and goes on when it has a time-out") {
    Scene scene = two_pipes();
    fd_set set;
    FD_ZERO(&set);
    FD_SET(4, &set);
    scene.bytes(10, at, &set, 8);
    SECTION("without") {
        scene.asleep(10, 10, SYS_select, {5, at, 0, 0, 0});
        CHECK(scene.stuck(10));
        CHECK(scene.wait(10).pipe_inode == 200);
    }
    SECTION("with") {
        scene.asleep(10, 10, SYS_pselect6, {5, at, 0, 0, at + 64});
        CHECK_FALSE(scene.stuck(10));
    }
}

namespace {

// a waits by epoll, its fd 8, for what `watched` says.
Scene epoll_over(std::vector<WatchedDescriptor> watched) {
    Scene scene = two_pipes();
    DescriptorSnapshot& epoll = scene.descriptor(10, 8, "anon_inode:[eventpoll]");
    epoll.kind = FileKind::epoll;
    epoll.watched = std::move(watched);
    scene.asleep(10, 10, SYS_epoll_wait, {8, at, 16, forever});
    return scene;
}

constexpr WatchedDescriptor pipe_watched = {
    .fd = 3, .events = EPOLLIN | EPOLLERR | EPOLLHUP, .inode = 100, .still_that = true};

}  // namespace

TEST_CASE("epoll over a pipe is stuck when only stuck threads hold the other end") {
    Scene scene = epoll_over({pipe_watched});
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).sentence ==
          "waits by epoll for pipe:[100] (fd 3), whose write end b (fd 3) holds open");
    SECTION("unless another thread could add a descriptor") {
        scene.running(10, 11);
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("unless the number means another file by now") {
        scene.of(10).descriptors.back().watched.front().still_that = false;
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("epoll that watches nothing waits for another thread to add something") {
    Scene scene = epoll_over({});
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::poll);
    scene.running(10, 11);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("an EPOLLONESHOT descriptor that has fired ends no wait until it is armed again") {
    WatchedDescriptor fired = pipe_watched;
    fired.events = EPOLLONESHOT;
    Scene scene = epoll_over({fired});
    scene.process(30, "c");
    scene.write_end(30, 9, 100);
    scene.running(30, 30);  // could write, which changes nothing
    CHECK_FALSE(scene.wakes(30, 10));
    scene.of(10).descriptors.back().watched = {pipe_watched};
    CHECK(scene.wakes(30, 10));
}

TEST_CASE("EPOLLET: who takes from the same end of a pipe may end the wait as well") {
    WatchedDescriptor watched = pipe_watched;
    Scene scene = epoll_over({watched});
    scene.process(30, "c");
    scene.read_end(30, 9, 100);
    scene.running(30, 30);
    CHECK_FALSE(scene.wakes(30, 10));
    scene.of(10).descriptors.back().watched.front().events |= EPOLLET;
    CHECK(scene.wakes(30, 10));
}

TEST_CASE("an epoll descriptor inside of another one: what it watches counts") {
    Scene scene = epoll_over({{.fd = 9, .events = EPOLLIN, .inode = 0, .still_that = true}});
    DescriptorSnapshot& inner = scene.descriptor(10, 9, "anon_inode:[eventpoll]");
    inner.kind = FileKind::epoll;
    inner.watched = {pipe_watched};
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).pipe_inode == 100);
    scene.process(30, "c");
    scene.write_end(30, 9, 100);
    scene.running(30, 30);
    CHECK_FALSE(scene.stuck(10));
}
