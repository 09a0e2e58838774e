// Netlink sockets of networks that belong to the tree alone, and of the machine's.
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <span>

#include "base/unique_fd.h"
#include "catch.h"
#include "diagnose/diag_connection.h"
#include "host_has.h"
#include "rest.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

constexpr unsigned kernel_and_udev = 1 | 2;  // the groups of NETLINK_KOBJECT_UEVENT, as bits

// In a user namespace of its own, also as root.
void enter_own_network() {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) abort();
}

UniqueFd open_netlink(int protocol, unsigned groups) {
    UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!socket) abort();
    sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) abort();
    return socket;
}

void poll_for_ever(const UniqueFd& socket) {
    pollfd asked = {.fd = socket.get(), .events = POLLIN, .revents = 0};
    while (poll(&asked, 1, -1) < 0) {
    }
    _exit(1);
}

bool netlink_sockets_are_told() {
    const auto connection = DiagConnection::open_at(getpid());
    netlink_diag_req request = {};
    request.sdiag_family = AF_NETLINK;
    request.sdiag_protocol = NDIAG_PROTO_ALL;
    const bool told = connection && connection->ask(std::as_bytes(std::span(&request, 1)), [](auto) {});
    return host_has(told, "netlink_diag in the kernel");
}

// The tree does `body`, and rehang must say `doubt` and prove nothing.
void is_never_proven(const std::function<void()>& body, const std::string& doubt) {
    StuckTree tree(body);
    CHECK(tree.look_until_doubt(doubt));
    CHECK(tree.never_proven());
}

}  // namespace

TEST_CASE("who polls netlink in a network of one's own is proven stuck: answers, devices, udev's news") {
    if (!netlink_sockets_are_told()) return;
    const int protocol = GENERATE(NETLINK_ROUTE, NETLINK_KOBJECT_UEVENT);
    StuckTree tree([protocol] {
        enter_own_network();
        poll_for_ever(open_netlink(protocol, protocol == NETLINK_ROUTE ? 0 : kernel_and_udev));
    });
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK_THAT(find(tree.explain(), "a", "main")->wait.sentence, Contains("for news of the kernel's"));
}

TEST_CASE("who reads from netlink is proven stuck, but not while somebody there goes on") {
    if (!netlink_sockets_are_told()) return;
    const Rest rest = GENERATE(Rest::stuck, Rest::goes_on);
    StuckTree tree([rest] {
        enter_own_network();
        const UniqueFd socket = open_netlink(NETLINK_ROUTE, 0);
        behind_a_child(
            rest, [] {},
            [&] {
                char byte = 0;
                while (recv(socket.get(), &byte, 1, 0) < 0) {
                }
            },
            {socket.get()});
    });
    tree.name_child(tree.a(), "a", "a/1");
    if (rest == Rest::stuck) {
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        CHECK(find(tree.explain(), "a", "main")->wait.kind == WaitKind::socket_read);
    } else {
        CHECK(tree.look_until_doubt("a: a/1 may end its wait: it sleeps for some time"));
        CHECK(tree.never_proven());
    }
}

TEST_CASE("netlink in the machine's network is not proven") {
    if (!netlink_sockets_are_told()) return;
    is_never_proven([] { poll_for_ever(open_netlink(NETLINK_ROUTE, 0)); },
                    "anybody on this machine may send");
}

TEST_CASE("groups of NETLINK_ROUTE are not proven, also those that /proc/net/netlink does not show") {
    if (!netlink_sockets_are_told()) return;
    const unsigned group = GENERATE(unsigned{RTNLGRP_IPV4_IFADDR}, unsigned{RTNLGRP_STATS});
    is_never_proven(
        [group] {
            enter_own_network();
            const UniqueFd socket = open_netlink(NETLINK_ROUTE, 0);
            if (setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
                abort();
            poll_for_ever(socket);
        },
        "something in the network has changed");
}

TEST_CASE("with a raw socket around, an answer of NETLINK_ROUTE may come later") {
    if (!netlink_sockets_are_told()) return;
    const int protocol = GENERATE(int{IPPROTO_IGMP}, int{IPPROTO_ICMPV6});
    is_never_proven(
        [protocol] {
            enter_own_network();
            const UniqueFd raw(
                ::socket(protocol == IPPROTO_IGMP ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, protocol));
            if (!raw) abort();
            poll_for_ever(open_netlink(NETLINK_ROUTE, 0));
        },
        "route multicast packets");
}

TEST_CASE("news of devices are not proven for who listens to other networks, too") {
    if (!netlink_sockets_are_told()) return;
    is_never_proven(
        [] {
            enter_own_network();
            const UniqueFd socket = open_netlink(NETLINK_KOBJECT_UEVENT, kernel_and_udev);
            const int on = 1;
            if (setsockopt(socket.get(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) != 0) abort();
            poll_for_ever(socket);
        },
        "it listens to other network namespaces");
}

TEST_CASE("news of devices are not proven in a network that the first user namespace owns") {
    if (!netlink_sockets_are_told() || geteuid() != 0) return;
    is_never_proven(
        [] {
            if (unshare(CLONE_NEWNET) != 0) abort();
            poll_for_ever(open_netlink(NETLINK_KOBJECT_UEVENT, kernel_and_udev));
        },
        "the kernel may tell it of devices of this machine");
}
