// Netlink sockets: who may send to one, and what the kernel tells without being asked.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "catch.h"
#include "diagnose/network_facts.h"
#include "scene.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t inode = 100;

// "a" receives from a netlink socket in the sandbox's network, which has nothing but `lo`; "b" waits for a
// signal.
Scene receiving_from(int protocol, std::vector<unsigned> groups = {}) {
    Scene scene;
    scene.process(10, "a");
    scene.process(20, "b");
    DescriptorSnapshot& descriptor = scene.descriptor(10, 3, "socket:[100]");
    descriptor.kind = FileKind::socket;
    descriptor.inode = inode;
    descriptor.readable = descriptor.writable = true;
    SocketSnapshot& socket = scene.snapshot.sockets[inode];
    socket.family = SocketSnapshot::Family::netlink;
    socket.type = SOCK_RAW;
    socket.time_outs = SocketSnapshot::TimeOuts();
    socket.private_network = true;
    socket.netlink = {.protocol = protocol,
                      .groups = std::move(groups),
                      .other_networks = false,
                      .network = {.only_loopback = true, .raw_sockets = false, .of_initial_user_ns = false}};
    scene.asleep(10, 10, SYS_recvmsg, {3, 0, 0, 0, 0, 0});
    scene.asleep(20, 20, SYS_pause, {});
    return scene;
}

NetlinkSnapshot& netlink_of(Scene& scene) {
    return scene.snapshot.sockets[inode].netlink;
}

}  // namespace

TEST_CASE("who receives from netlink is stuck when all are who could send, or change the network") {
    Scene scene = receiving_from(NETLINK_ROUTE);
    CHECK(scene.stuck(10));
    CHECK(scene.wakes(20, 10));
    CHECK(scene.wait(10).kind == WaitKind::socket_read);
    CHECK(scene.wait(10).sentence == "reads from socket:[100] (fd 3), for news of the kernel's network");
    SECTION("and not when one of them goes on") {
        scene.running(20, 21);
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("nor with a time-out") {
        scene.snapshot.sockets[inode].time_outs = SocketSnapshot::TimeOuts{.receiving = true};
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("nor where its time-outs can't be read") {
        scene.snapshot.sockets[inode].time_outs.reset();
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("nor when it is held outside, too") {
        scene.snapshot.held_outside = {scene.of(10).descriptors.front()};
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("in a network that others have, too, anybody may send by netlink") {
    Scene scene = receiving_from(NETLINK_ROUTE);
    SECTION("the machine's network") {
        scene.snapshot.sockets[inode].private_network = false;
    }
    SECTION("looked at from outside") {
        scene.snapshot.world = World::machine;
    }
    CHECK_FALSE(scene.stuck(10));
    CHECK_THAT(scene.may_go_on(10), Contains("anybody on this machine may send to socket:[100] (fd 3)"));
}

TEST_CASE("the kernel may tell of changes of the network that nobody makes") {
    SECTION("to a group: an address may have a lifetime") {
        const Scene scene = receiving_from(NETLINK_ROUTE, {RTNLGRP_IPV4_IFADDR});
        CHECK_FALSE(scene.stuck(10));
        CHECK_THAT(scene.may_go_on(10), Contains("something in the network has changed"));
    }
    SECTION("also to one of the groups that /proc/net/netlink does not show") {
        CHECK_FALSE(receiving_from(NETLINK_ROUTE, {RTNLGRP_STATS}).stuck(10));
    }
    SECTION("to who has asked for a multicast route, later") {
        Scene scene = receiving_from(NETLINK_ROUTE);
        netlink_of(scene).network.raw_sockets = true;
        CHECK_FALSE(scene.stuck(10));
        CHECK_THAT(scene.may_go_on(10), Contains("route multicast packets"));
    }
}

TEST_CASE("the kernel tells of devices only the first user namespace, and of network interfaces their own") {
    constexpr unsigned kernel_group = 1, udev_group = 2;
    Scene scene = receiving_from(NETLINK_KOBJECT_UEVENT, {kernel_group, udev_group});
    CHECK(scene.stuck(10));
    CHECK_THAT(scene.wait(10).sentence, Contains("for news of the kernel's devices"));
    SECTION("the first user namespace's") {
        netlink_of(scene).network.of_initial_user_ns = true;
        CHECK_FALSE(scene.stuck(10));
        CHECK_THAT(scene.may_go_on(10), Contains("devices of this machine"));
    }
    SECTION("an interface that may go away with its other end") {
        netlink_of(scene).network.only_loopback = false;
        CHECK_FALSE(scene.stuck(10));
        CHECK_THAT(scene.may_go_on(10), Contains("a network interface"));
    }
    SECTION("listens to other networks, too") {
        netlink_of(scene).other_networks = true;
        CHECK_FALSE(scene.stuck(10));
    }
}

TEST_CASE("udev's group is for programs only, and without a group there is nothing but answers") {
    std::vector<unsigned> groups;
    SECTION("udev's") {
        groups = {2};
    }
    SECTION("none") {}
    Scene scene = receiving_from(NETLINK_KOBJECT_UEVENT, groups);
    netlink_of(scene).network = {};
    netlink_of(scene).network.of_initial_user_ns = true;
    CHECK(scene.stuck(10));
}

TEST_CASE("other protocols of netlink, and room in a netlink socket, are not followed") {
    CHECK_FALSE(receiving_from(NETLINK_GENERIC).stuck(10));
    Scene scene = receiving_from(NETLINK_ROUTE);
    scene.asleep(10, 11, SYS_sendmsg, {3, 0, 0, 0, 0, 0});
    CHECK_FALSE(scene.stuck(11));
}

TEST_CASE("a netlink socket of which nothing is known is not proven") {
    Scene scene = receiving_from(NETLINK_ROUTE);
    SECTION("nothing at all") {
        scene.snapshot.sockets.clear();
    }
    SECTION("nothing but its family") {
        netlink_of(scene) = {};
    }
    SECTION("nothing of its network") {
        netlink_of(scene).network = {};
    }
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("the interfaces of a network") {
    const std::string headings =
        "Inter-|   Receive    |  Transmit\n face |bytes    packets |bytes    packets\n";
    CHECK(has_only_loopback(headings + "    lo:       0       0    0    0\n"));
    CHECK_FALSE(has_only_loopback(headings));
    CHECK_FALSE(has_only_loopback(headings + "    lo: 0 0\n  eth0: 0 0\n"));
    CHECK_FALSE(has_only_loopback(headings + "  eth0: 0 0\n    lo: 0 0\n"));
    CHECK_FALSE(has_only_loopback(headings + "  lo2: 0 0\n"));
    CHECK_FALSE(has_only_loopback(""));
}

TEST_CASE("the raw sockets of a network") {
    const std::string heading = "  sl  local_address rem_address   st tx_queue rx_queue\n";
    CHECK_FALSE(lists_sockets(heading));
    CHECK(lists_sockets(heading + "   2: 00000000:0002 00000000:0000 07 00000000:00000000\n"));
    CHECK(lists_sockets(""));
}
