// Sockets: socketpairs and connections of unix(7) and, on this machine, tcp(7); datagrams; listening sockets.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>

#include "diagnose/channels.h"
#include "diagnose/connect_target.h"
#include "diagnose/snapshot_view.h"

namespace rehang::channels {
namespace {

using Family = SocketSnapshot::Family;

bool is_socket_of(const DescriptorSnapshot& descriptor, const std::vector<std::uint64_t>& inodes) {
    return descriptor.kind == FileKind::socket && std::ranges::find(inodes, descriptor.inode) != inodes.end();
}

Holders holders_of_sockets(const Place& place, const std::vector<std::uint64_t>& inodes,
                           const std::string& what) {
    return holders_of(
        place.sleeper, [&](const DescriptorSnapshot& other) { return is_socket_of(other, inodes); }, what);
}

void goes_on(Ending& ending, std::string clause) {
    ending.by_itself = true;
    ending.clause = std::move(clause);
}

void wait_for_holders(Ending& ending, const Place& place, const std::vector<std::uint64_t>& inodes,
                      std::string_view role) {
    const std::string what = fmt::format("the {} of {}", role, wait_rules::name_of(place.descriptor));
    Holders holders = holders_of_sockets(place, inodes, what);
    ending.clause = fmt::format("whose {} {}", role, hold_open(holders.names));
    add_threads(ending.wakers, holders.threads);
    if (!ending.by_outside) ending.by_outside = std::move(holders.by_outside);
    add_own_holders(ending, place);
}

void at_connected(Ending& ending, const Place& place, const SocketSnapshot& socket) {
    if (!socket.peer) {
        ending.clause = "whose peer is not known";
        ending.by_outside = fmt::format("the peer of {} is outside of what is looked at",
                                        wait_rules::name_of(place.descriptor));
    } else if (*socket.peer != 0) {
        wait_for_holders(ending, place, {*socket.peer}, "peer");
    } else if (!socket.not_accepted_by.empty()) {
        wait_for_holders(ending, place, socket.not_accepted_by,
                         "connection nobody has accepted: the listening socket");
    } else if (socket.type == SOCK_DGRAM) {
        ending.clause = "whose peer is closed, which nobody is told of";
        add_own_holders(ending, place);
    } else {
        goes_on(ending, "whose peer is closed, so it is about to return");
    }
}

// Anybody who can reach its name may connect, or send.
void at_name(Ending& ending, const Place& place, const SocketSnapshot& socket, std::string_view doing) {
    const bool path = socket.family == Family::unix_domain && socket.name.starts_with('/');
    const bool is_private = path ? wait_rules::is_private(place.sleeper.snapshot, socket.name)
                                 : socket.private_network && place.sleeper.snapshot.world == World::sandbox;
    ending.clause = fmt::format("to which anybody may {} by its name {}", doing, socket.name);
    ending.wakers = living_threads(place.sleeper.snapshot, place.sleeper.thread.tid);
    add_own_holders(ending, place);
    if (!is_private && !ending.by_outside)
        ending.by_outside = fmt::format("anybody may {} to {}", doing, socket.name);
}

// A datagram that waits for room: at the peer, or, with the sender's own room used up, at whoever it once
// sent to.
void at_full_datagram_socket(Ending& ending, const Place& place, const SocketSnapshot& socket) {
    const ThreadSnapshot& thread = place.sleeper.thread;
    const bool to_peer = thread.syscall == SYS_write || thread.syscall == SYS_writev ||
                         (thread.syscall == SYS_sendto && thread.args[4] == 0);
    const bool peer_is_full =
        thread.sleeps_in == "unix_wait_for_peer" || thread.sleeps_in == "unix_dgram_sendmsg";
    if (socket.connected && to_peer && peer_is_full && !place.polled)
        return at_connected(ending, place, socket);
    ending.clause = "for room at whoever its datagrams went to";
    ending.by_outside = fmt::format("who has to receive for {} to have room can't be told",
                                    wait_rules::name_of(place.descriptor));
}

void at_datagram_socket(Ending& ending, const Place& place, const SocketSnapshot& socket) {
    if (socket.family == Family::udp && place.output)
        goes_on(ending, "which makes room by itself");
    else if (place.output)
        at_full_datagram_socket(ending, place, socket);
    else if (socket.family == Family::unix_domain && socket.connected)
        at_connected(ending, place, socket);
    else if (!socket.name.empty())
        at_name(ending, place, socket, "send");
    else {
        ending.clause = "which has no name that anybody could send to";
        add_own_holders(ending, place);
    }
}

bool has_time_out(Ending& ending, const Place& place, const SocketSnapshot& socket) {
    if (!socket.time_outs) {
        ending.by_outside =
            fmt::format("whether {} has a time-out can't be read", wait_rules::name_of(place.descriptor));
        return false;
    }
    return place.output ? socket.time_outs->sending : socket.time_outs->receiving;
}

const SocketSnapshot* socket_at(const Place& place) {
    const auto& sockets = place.sleeper.snapshot.sockets;
    const auto found = sockets.find(place.descriptor.inode);
    return found == sockets.end() ? nullptr : &found->second;
}

Ending unknown_socket(const Place& place) {
    Ending ending;
    ending.kind = place.output ? WaitKind::socket_write : WaitKind::socket_read;
    ending.by_outside = fmt::format("{} is no socket of a kind that this version follows",
                                    wait_rules::name_of(place.descriptor));
    return ending;
}

}  // namespace

void add_own_holders(Ending& ending, const Place& place) {
    const Holders own =
        holders_of_sockets(place, {place.descriptor.inode}, wait_rules::name_of(place.descriptor));
    add_threads(ending.wakers, own.threads);
    if (!ending.by_outside) ending.by_outside = own.by_outside;
}

Ending at_socket(const Place& place) {
    const SocketSnapshot* const socket = socket_at(place);
    if (!socket) return unknown_socket(place);
    Ending ending;
    ending.kind = socket->listening ? WaitKind::accept
                  : place.output    ? WaitKind::socket_write
                                    : WaitKind::socket_read;
    if (!place.polled && has_time_out(ending, place, *socket))
        goes_on(ending, "with a time-out");
    else if (socket->moving)
        goes_on(ending, "to or from which something is on its way");
    else if (socket->family == Family::netlink)
        at_netlink(ending, place, *socket);
    else if (socket->listening)
        at_name(ending, place, *socket, "connect");
    else if (socket->type == SOCK_DGRAM)
        at_datagram_socket(ending, place, *socket);
    else if (!socket->connected || (!place.output && socket->input_ended))
        goes_on(ending, "which is at its end, so it is about to return");
    else
        at_connected(ending, place, *socket);
    return ending;
}

Ending connecting(const Place& place) {
    const SocketSnapshot* const socket = socket_at(place);
    if (!socket) return unknown_socket(place);
    Ending ending;
    ending.kind = WaitKind::connect;
    if (socket->family != Family::unix_domain) {
        goes_on(ending, "which gives up after some time");
        return ending;
    }
    if (has_time_out(ending, place, *socket)) {
        goes_on(ending, "with a time-out");
        return ending;
    }
    const std::string name =
        name_connected_to(place.sleeper.snapshot, place.sleeper.process, place.sleeper.thread);
    const auto listener = listener_for(place.sleeper.snapshot, place.sleeper.thread, name);
    if (!listener) {
        ending.clause = fmt::format("to {}", name.empty() ? "an address that can't be read" : name);
        ending.by_outside = fmt::format("who listens at {} can't be told", name);
        return ending;
    }
    wait_for_holders(ending, place, {*listener},
                     fmt::format("connection waits for room at {}: the listening socket", name));
    return ending;
}

}  // namespace rehang::channels
