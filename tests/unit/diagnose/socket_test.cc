#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cstring>

#include "catch.h"
#include "diagnose/connect_target.h"
#include "scene.h"

using namespace rehang;

namespace {

SocketSnapshot& socket_at(Scene& scene, pid_t pid, int fd, std::uint64_t inode) {
    DescriptorSnapshot& descriptor = scene.descriptor(pid, fd, "socket:[" + std::to_string(inode) + "]");
    descriptor.kind = FileKind::socket;
    descriptor.inode = inode;
    descriptor.readable = descriptor.writable = true;
    SocketSnapshot& socket = scene.snapshot.sockets[inode];
    socket.time_outs = SocketSnapshot::TimeOuts();
    socket.type = SOCK_STREAM;
    return socket;
}

void connect(Scene& scene, std::uint64_t one, std::uint64_t other) {
    scene.snapshot.sockets[one].connected = scene.snapshot.sockets[other].connected = true;
    scene.snapshot.sockets[one].peer = other, scene.snapshot.sockets[other].peer = one;
}

// a and b hold the ends of a socketpair; a receives, b waits for a signal.
Scene pair_of(int type = SOCK_STREAM) {
    Scene scene;
    scene.process(10, "a");
    scene.process(20, "b");
    socket_at(scene, 10, 3, 100).type = type, socket_at(scene, 20, 4, 200).type = type;
    connect(scene, 100, 200);
    scene.asleep(10, 10, SYS_recvfrom, {3, 0, 1, 0, 0, 0});
    scene.asleep(20, 20, SYS_pause, {});
    return scene;
}

Scene listening_at(const std::string& name) {
    Scene scene;
    scene.process(10, "a");
    SocketSnapshot& socket = socket_at(scene, 10, 3, 100);
    socket.listening = true;
    socket.name = name;
    scene.asleep(10, 10, SYS_accept4, {3, 0, 0, 0});
    return scene;
}

}  // namespace

TEST_CASE("a receiver is stuck when only stuck threads hold its peer") {
    Scene scene = pair_of();
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::socket_read);
    CHECK(scene.wait(10).socket_inode == 100);
    CHECK(scene.wait(10).sentence == "reads from socket:[100] (fd 3), whose peer b (fd 4) holds open");
    SECTION("unless another process holds the peer as well, and goes on") {
        scene.process(30, "c");
        socket_at(scene, 30, 9, 200);
        connect(scene, 100, 200);
        scene.running(30, 30);
        CHECK(scene.wakes(30, 10));
        CHECK(scene.may_go_on(10) == "c may end its wait: it runs");
    }
    SECTION("unless another thread could shut its socket down") {
        scene.running(10, 11);
        CHECK(scene.wakes(11, 10));
    }
    SECTION("unless another process with the same socket could") {
        scene.process(30, "c");
        socket_at(scene, 30, 9, 100);
        connect(scene, 100, 200);
        scene.running(30, 30);
        CHECK(scene.wakes(30, 10));
    }
    SECTION("unless it has a time-out, or nobody knows whether") {
        scene.snapshot.sockets[100].time_outs->receiving = true;
        CHECK_FALSE(scene.stuck(10));
        CHECK(scene.wait(10).by_itself);
        scene.snapshot.sockets[100].time_outs.reset();
        CHECK_FALSE(scene.stuck(10));
        CHECK(scene.may_go_on(10) == "whether socket:[100] (fd 3) has a time-out can't be read");
    }
    SECTION("a time-out for sending is none for receiving") {
        scene.snapshot.sockets[100].time_outs->sending = true;
        CHECK(scene.stuck(10));
    }
    SECTION("unless the peer is on its way through a socket") {
        scene.of(20).descriptors.front().scm_fds = 1;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("unless the peer is held outside") {
        scene.snapshot.held_outside = scene.of(20).descriptors;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("unless nobody in sight holds the peer") {
        scene.of(20).descriptors.clear();
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("unless nothing is known of the socket") {
        scene.snapshot.sockets.clear();
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("unless the peer has shut its side down, or is closed") {
        scene.snapshot.sockets[100].input_ended = true;
        CHECK_FALSE(scene.stuck(10));
        scene.snapshot.sockets[100].input_ended = false;
        scene.snapshot.sockets[100].peer = 0;
        CHECK_FALSE(scene.stuck(10));
        CHECK(scene.wait(10).by_itself);
    }
    SECTION("unless something is on its way") {
        scene.snapshot.sockets[100].moving = true;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("unless its peer is on another machine") {
        scene.snapshot.sockets[100].peer.reset();
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("poll over a socket: its own time-outs do not count") {
    Scene scene = pair_of();
    scene.of(10).threads.clear();
    DescriptorSnapshot& epoll = scene.descriptor(10, 8, "anon_inode:[eventpoll]");
    epoll.kind = FileKind::epoll;
    epoll.watched = {{.fd = 3, .events = 0x19, .inode = 100, .still_that = true}};
    scene.asleep(10, 10, SYS_epoll_wait, {8, 0, 16, 0xffffffff});
    scene.snapshot.sockets[100].time_outs.reset();
    CHECK(scene.stuck(10));
    scene.running(20, 21);
    CHECK(scene.wakes(21, 10));
}

TEST_CASE("a connection that nobody has accepted: who holds the listening socket could") {
    Scene scene = pair_of();
    scene.snapshot.sockets[100].peer = 0;
    scene.snapshot.sockets[100].not_accepted_by = {200};
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).sentence ==
          "reads from socket:[100] (fd 3), whose connection nobody has accepted: the listening socket b (fd "
          "4) holds open");
    scene.running(20, 21);
    CHECK(scene.wakes(21, 10));
}

TEST_CASE("a sender is stuck when nobody who could receive goes on") {
    Scene scene = pair_of();
    scene.of(10).threads.clear();
    scene.asleep(10, 10, SYS_write, {3, 0, 1});
    CHECK(scene.stuck(10));
    CHECK(scene.wait(10).kind == WaitKind::socket_write);
    scene.snapshot.sockets[100].time_outs->sending = true;
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("a datagram that waits for room: at its peer or at somebody unknown") {
    Scene scene = pair_of(SOCK_DGRAM);
    scene.of(10).threads.clear();
    ThreadSnapshot& sender = scene.asleep(10, 10, SYS_sendto, {3, 0, 1, 0, 0, 0});
    sender.sleeps_in = "unix_wait_for_peer";
    CHECK(scene.stuck(10));
    SECTION("an address of its own") {
        scene.of(10).threads.front().args[4] = private_memory;
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("its own room is used up") {
        scene.of(10).threads.front().sleeps_in = "sock_alloc_send_pskb";
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("a receiver of datagrams whose peer is closed is told nothing, and is stuck") {
    Scene scene = pair_of(SOCK_DGRAM);
    scene.snapshot.sockets[100].peer = 0;
    CHECK(scene.stuck(10));
    scene.running(10, 11);  // could connect it to another one
    CHECK(scene.wakes(11, 10));
}

TEST_CASE("a datagram socket without a peer: whoever can reach its name") {
    Scene scene = pair_of(SOCK_DGRAM);
    SocketSnapshot& socket = scene.snapshot.sockets[100];
    socket.connected = false, socket.peer.reset();
    CHECK(scene.stuck(10));  // no name either
    socket.name = "/tmp/log";
    CHECK(scene.stuck(10));
    SECTION("any thread of the sandbox") {
        scene.running(20, 21);
        CHECK(scene.wakes(21, 10));
    }
    SECTION("anybody") {
        socket.name = "/srv/log";
        CHECK_FALSE(scene.stuck(10));
        CHECK(scene.may_go_on(10) == "anybody may send to /srv/log");
    }
}

TEST_CASE("accept is stuck when nobody who can reach the name goes on") {
    SECTION("a file in a private place") {
        Scene scene = listening_at("/run/server");
        CHECK(scene.stuck(10));
        CHECK(scene.wait(10).kind == WaitKind::accept);
        scene.process(20, "b");
        scene.running(20, 20);
        CHECK(scene.wakes(20, 10));
    }
    SECTION("a file that anybody may open") {
        CHECK_FALSE(listening_at("/srv/server").stuck(10));
    }
    SECTION("an address of a network that others share, too") {
        Scene scene = listening_at("127.0.0.1:80");
        scene.snapshot.sockets[100].family = SocketSnapshot::Family::tcp;
        CHECK_FALSE(scene.stuck(10));
        scene.snapshot.sockets[100].private_network = true;
        CHECK(scene.stuck(10));
        scene.snapshot.sockets[100].moving = true;
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("connect waits for who listens at that address") {
    Scene scene = listening_at("@full");
    scene.of(10).threads.clear();
    scene.asleep(10, 10, SYS_pause, {});
    scene.process(20, "b");
    socket_at(scene, 20, 5, 200);
    scene.asleep(20, 20, SYS_connect, {5, private_memory, 7});
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, "\0full", 5);
    scene.bytes(20, private_memory, &address, 7);
    CHECK(scene.stuck(20));
    CHECK(scene.wait(20).kind == WaitKind::connect);
    SECTION("which goes on") {
        scene.running(10, 11);
        CHECK(scene.wakes(11, 20));
    }
    SECTION("two listen under that name, in different networks") {
        SocketSnapshot& other = socket_at(scene, 10, 9, 300);
        other.listening = true, other.name = "@full";
        CHECK_FALSE(scene.stuck(20));
    }
    SECTION("tcp gives up by itself") {
        scene.snapshot.sockets[200].family = SocketSnapshot::Family::tcp;
        CHECK_FALSE(scene.stuck(20));
    }
    SECTION("a path leads to a file") {
        scene.snapshot.sockets[100].name = "/tmp/server";
        scene.snapshot.sockets[100].file_inode = 7, scene.snapshot.sockets[100].file_device = 8;
        std::strcpy(address.sun_path, "s");
        scene.bytes(20, private_memory, &address, 7);
        CHECK_FALSE(scene.stuck(20));
        DescriptorSnapshot file;
        file.inode = 7, file.device = 8;
        scene.of(20).threads.front().opens = file;
        CHECK(scene.stuck(20));
    }
}

TEST_CASE("names of unix sockets") {
    CHECK(unix_name({"/run/x\0\0", 8}) == "/run/x");
    CHECK(unix_name({"\0abc", 4}) == "@abc");
    CHECK(unix_name({}).empty());
}
