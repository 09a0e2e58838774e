#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/unique_fd.h"
#include "catch.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

struct Pair {
    explicit Pair(int type = SOCK_STREAM) {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) abort();
        one = UniqueFd(ends[0]), other = UniqueFd(ends[1]);
    }
    UniqueFd one, other;
};

char receive(const UniqueFd& socket) {
    char byte = 0;
    while (recv(socket.get(), &byte, 1, 0) < 0) {
    }
    return byte;
}

void fill(const UniqueFd& socket) {
    std::array<char, 512> bytes{};
    while (write(socket.get(), bytes.data(), bytes.size()) > 0) {
    }
}

// A parent and a child that receive from each other before either has sent.
void receive_from_each_other(int type) {
    Pair pair(type);
    if (fork() == 0) {
        keep_only({pair.other.get()});
        receive(pair.other);
        _exit(0);
    }
    keep_only({pair.one.get()});
    receive(pair.one);
}

// A network of one's own, where 127.0.0.1 answers. As an ordinary user in a user namespace.
void enter_own_network() {
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) abort();
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = {};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) abort();
}

sockaddr_in loopback(in_port_t port = 0) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = port;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

const sockaddr* generic(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

UniqueFd listen_at_loopback(sockaddr_in& address) {
    UniqueFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address = loopback();
    socklen_t length = sizeof address;
    if (bind(listening.get(), generic(address), length) != 0 || listen(listening.get(), 1) != 0) abort();
    getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &length);
    return listening;
}

UniqueFd connect_to(const sockaddr_in& address) {
    UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(client.get(), generic(address), sizeof address) != 0) abort();
    return client;
}

// Both ends of a TCP connection.
void connect_by_loopback(UniqueFd& client, UniqueFd& server) {
    sockaddr_in address = {};
    const UniqueFd listening = listen_at_loopback(address);
    client = connect_to(address);
    server = UniqueFd(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

WaitKind kind_of(StuckTree& tree, const std::string& path = "a") {
    const Diagnosis diagnosis = tree.explain();
    const DiagnosedThread* const thread = find(diagnosis, path, "main");
    return thread ? thread->wait.kind : WaitKind::unknown;
}

}  // namespace

TEST_CASE("two processes that receive from each other are proven stuck, by every kind of socketpair") {
    const int type = GENERATE(SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET);
    StuckTree tree([type] { receive_from_each_other(type); });
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    const DiagnosedThread* const thread = find(diagnosis, "a", "main");
    REQUIRE(thread);
    CHECK(thread->wait.kind == WaitKind::socket_read);
    CHECK_THAT(thread->wait.sentence, Contains("reads from socket:["));
    CHECK_THAT(thread->wait.sentence, Contains("whose peer a/1 (fd"));
}

TEST_CASE("a receiver that has a time-out is not proven stuck") {
    StuckTree tree([] {
        Pair pair;
        const timeval hour = {.tv_sec = 3600, .tv_usec = 0};
        setsockopt(pair.one.get(), SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof hour);
        receive(pair.one);
    });
    CHECK(tree.look_until_doubt("reads from socket:["));
    CHECK(tree.look_until_doubt("with a time-out"));
    CHECK(tree.never_proven());
}

TEST_CASE("a receiver whose peer the test holds goes on when the test wants") {
    Pair pair;
    StuckTree tree([&] {
        keep_only({pair.one.get()});
        receive(pair.one);
        pause();
    });
    CHECK(tree.look_until_doubt("is held outside of the processes"));
    CHECK(tree.never_proven());
    CHECK(send(pair.other.get(), "x", 1, 0) == 1);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(kind_of(tree) == WaitKind::signal);
}

TEST_CASE("a child that keeps the peer open and does not use it: the reader never sees the end") {
    StuckTree tree([] {
        Pair pair;
        if (fork() == 0) {
            keep_only({pair.other.get()});
            for (;;) pause();
        }
        pair.other.reset();
        receive(pair.one);
    });
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(kind_of(tree) == WaitKind::socket_read);
}

TEST_CASE("a receiver whose peer has shut down has gone on") {
    StuckTree tree([] {
        Pair pair;
        shutdown(pair.other.get(), SHUT_WR);
        receive(pair.one);
        pause();
    });
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(kind_of(tree) == WaitKind::signal);
}

TEST_CASE("a sender is proven stuck when its receiver waits for something else") {
    StuckTree tree([] {
        Pair pair;
        if (fork() == 0) {
            keep_only({pair.other.get()});
            for (;;) pause();
        }
        keep_only({pair.one.get()});
        fill(pair.one);
    });
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(kind_of(tree) == WaitKind::socket_write);
}

TEST_CASE(
    "a sender of datagrams is proven stuck when the receiver's queue is full, not when its own room is used "
    "up") {
    const bool pair = GENERATE(true, false);
    StuckTree tree([pair] {
        Pair sockets(SOCK_DGRAM);
        if (!pair) {  // two that are not connected with each other: then the receiver's queue has a limit
            const sockaddr_un anything = {.sun_family = AF_UNIX, .sun_path = {}};
            sockaddr_un name = {};
            socklen_t length = sizeof name;
            sockets.other = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            bind(sockets.other.get(), reinterpret_cast<const sockaddr*>(&anything), sizeof(sa_family_t));
            getsockname(sockets.other.get(), reinterpret_cast<sockaddr*>(&name), &length);
            sockets.one = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            if (connect(sockets.one.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) abort();
        }
        if (fork() == 0) {
            keep_only({sockets.other.get()});
            for (;;) pause();
        }
        keep_only({sockets.one.get()});
        fill(sockets.one);
    });
    tree.name_child(tree.a(), "a", "a/1");
    if (pair) {
        CHECK(tree.look_until_doubt("to have room can't be told"));
        CHECK(tree.never_proven());
    } else {
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        CHECK(kind_of(tree) == WaitKind::socket_write);
    }
}

TEST_CASE("accept in a network of one's own is proven stuck, a tcp socket of the machine's is not") {
    const bool own = GENERATE(true, false);
    StuckTree tree([own] {
        if (own) enter_own_network();
        sockaddr_in address = {};
        const UniqueFd listening = listen_at_loopback(address);
        accept(listening.get(), nullptr, nullptr);
    });
    if (!own) {
        CHECK(tree.look_until_doubt("anybody may connect to 127.0.0.1:"));
        CHECK(tree.never_proven());
        return;
    }
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(kind_of(tree) == WaitKind::accept);
}

TEST_CASE("two ends of a tcp connection that read from each other are proven stuck") {
    const bool own = GENERATE(true, false);
    StuckTree tree([own] {
        if (own) enter_own_network();
        UniqueFd client, server;
        connect_by_loopback(client, server);
        if (fork() == 0) {
            keep_only({server.get()});
            receive(server);
            _exit(0);
        }
        keep_only({client.get()});
        receive(client);
    });
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(kind_of(tree) == WaitKind::socket_read);
    CHECK_THAT(find(tree.explain(), "a", "main")->wait.sentence, Contains("whose peer a/1 (fd"));
}

TEST_CASE("a tcp connection that nobody accepts: its reader waits for who could") {
    StuckTree tree([] {
        enter_own_network();
        sockaddr_in address = {};
        const UniqueFd listening = listen_at_loopback(address);
        if (fork() == 0) {
            keep_only({listening.get()});
            for (;;) pause();
        }
        const UniqueFd client = connect_to(address);
        keep_only({client.get()});
        receive(client);
    });
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK_THAT(find(tree.explain(), "a", "main")->wait.sentence, Contains("nobody has accepted"));
}

TEST_CASE("a tcp sender is proven stuck when its receiver waits for something else") {
    StuckTree tree([] {
        enter_own_network();
        UniqueFd client, server;
        connect_by_loopback(client, server);
        if (fork() == 0) {
            keep_only({server.get()});
            for (;;) pause();
        }
        keep_only({client.get()});
        fill(client);
    });
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(kind_of(tree) == WaitKind::socket_write);
}

TEST_CASE("a receiver of udp in a network of one's own is proven stuck, unless a time-out is set") {
    const bool timed = GENERATE(false, true);
    StuckTree tree([timed] {
        enter_own_network();
        const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = loopback();
        if (bind(socket.get(), generic(address), sizeof address) != 0) abort();
        const timeval hour = {.tv_sec = timed ? 3600 : 0, .tv_usec = 0};
        setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof hour);
        receive(socket);
    });
    if (timed) {
        CHECK(tree.look_until_doubt("with a time-out"));
        CHECK(tree.never_proven());
    } else {
        CHECK(tree.look_until(Diagnoser::Answer::stuck));
    }
}

TEST_CASE("a connection to a full unix socket is proven stuck when nobody accepts") {
    StuckTree tree([] {
        sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
        const std::string name = "/tmp/rehang-full-" + std::to_string(getpid());
        std::strcpy(address.sun_path, name.c_str());
        const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
        const UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (bind(listening.get(), generic, sizeof address) != 0 || listen(listening.get(), 0) != 0) abort();
        if (fork() == 0) {
            const UniqueFd first(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
            const UniqueFd second(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
            keep_only({first.get(), second.get()});
            connect(first.get(), generic, sizeof address);
            connect(second.get(), generic, sizeof address);
            _exit(0);
        }
        for (;;) pause();
    });
    tree.name_child(tree.a(), "a", "a/1");
    const std::string name = "/tmp/rehang-full-" + std::to_string(tree.a());
    const bool stuck = tree.look_until(Diagnoser::Answer::stuck).has_value();
    unlink(name.c_str());
    REQUIRE(stuck);
    CHECK(kind_of(tree, "a/1") == WaitKind::connect);
    CHECK_THAT(find(tree.explain(), "a/1", "main")->wait.sentence, Contains("the listening socket a (fd"));
}

TEST_CASE("epoll over sockets is proven stuck, also one that has been told of what is ready already") {
    StuckTree tree([] {
        Pair pair;
        if (fork() == 0) {
            keep_only({pair.other.get()});
            for (;;) pause();
        }
        keep_only({pair.one.get()});
        const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
        epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {}};
        epoll_ctl(epoll.get(), EPOLL_CTL_ADD, pair.one.get(), &event);
        while (epoll_wait(epoll.get(), &event, 1, -1) >= 0) {
        }
    });
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(kind_of(tree) == WaitKind::poll);
}
