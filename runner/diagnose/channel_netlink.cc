// netlink(7) sockets: who may send to one, and what the kernel tells by itself.
#include <fmt/format.h>
#include <linux/netlink.h>

#include <algorithm>

#include "diagnose/channels.h"
#include "diagnose/snapshot_view.h"

namespace rehang::channels {
namespace {

// The kernel answers a request before send(2) returns. All but one kind: a route for a multicast packet is
// asked of the program that routes them, and if that says nothing, a timer answers for it. Source:
// ipmr_get_route and ipmr_expire_process in net/ipv4/ipmr.c, the same in net/ipv6/ip6mr.c; such a program has
// a raw socket as long as it routes. Multicast groups tell also of what ends by itself: addresses, routes and
// neighbours with a lifetime, addresses that are probed.
std::optional<std::string> news_of_routes(const NetlinkSnapshot& socket) {
    if (!socket.groups.empty()) return "the kernel may tell it that something in the network has changed";
    if (socket.network.raw_sockets)
        return "somebody may route multicast packets there, and the kernel may answer later";
    return std::nullopt;
}

// The kernel sends to group 1 only; what other groups hear are programs. Source: lib/kobject_uevent.c. Since
// Linux 4.18 uevent_net_init leaves the network namespaces out that the first user namespace does not own:
// they hear of network interfaces of their own only (uevent_net_broadcast_tagged). One may go away by itself,
// with a namespace that its other end is in, but not `lo`.
std::optional<std::string> news_of_devices(const NetlinkSnapshot& socket) {
    constexpr unsigned kernel_group = 1;
    if (std::ranges::find(socket.groups, kernel_group) == socket.groups.end()) return std::nullopt;
    if (socket.network.of_initial_user_ns) return "the kernel may tell it of devices of this machine";
    if (!socket.network.only_loopback) return "the kernel may tell it of a network interface";
    return std::nullopt;
}

// What the kernel could say without anybody asking for it.
std::optional<std::string> news(const NetlinkSnapshot& socket) {
    // do_one_broadcast in net/netlink/af_netlink.c
    if (socket.other_networks && !socket.groups.empty()) return "it listens to other network namespaces, too";
    switch (socket.protocol) {
        case NETLINK_ROUTE:
            return news_of_routes(socket);
        case NETLINK_KOBJECT_UEVENT:
            return news_of_devices(socket);
        default:
            return fmt::format("this version does not follow netlink's protocol {}", socket.protocol);
    }
}

std::string protocol_name(int protocol) {
    switch (protocol) {
        case NETLINK_ROUTE:
            return "the kernel's network";
        case NETLINK_KOBJECT_UEVENT:
            return "the kernel's devices";
        default:
            return "the kernel";
    }
}

}  // namespace

// Anybody in its network namespace may send to it, by its number or by a group, and may have the kernel do
// so. How long a sender waits for room is not followed.
void at_netlink(Ending& ending, const Place& place, const SocketSnapshot& socket) {
    ending.clause = fmt::format("for news of {}", protocol_name(socket.netlink.protocol));
    ending.wakers = living_threads(place.sleeper.snapshot, place.sleeper.thread.tid);
    const std::string name = wait_rules::name_of(place.descriptor);
    if (place.output)
        ending.by_outside = fmt::format("who has to receive for {} to have room can't be told", name);
    else if (!socket.private_network || place.sleeper.snapshot.world != World::sandbox)
        ending.by_outside =
            fmt::format("anybody on this machine may send to {}, and so may the kernel", name);
    else if (const auto told = news(socket.netlink))
        ending.by_outside = fmt::format("{} is a netlink socket, and {}", name, *told);
    add_own_holders(ending, place);
}

}  // namespace rehang::channels
