#include "diagnose/inet_sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace rehang {
namespace {

using Bytes = std::span<const std::byte>;

struct Address {
    std::array<unsigned char, 16>
        ip{};  // IPv4 as ::ffff:a.b.c.d, which is what a socket of both kinds is told
    unsigned port = 0;
    auto operator<=>(const Address&) const = default;
};

struct Entry {
    inet_diag_msg message;
    Address local, remote;
};

Address address(unsigned family, const std::uint32_t (&words)[4], std::uint16_t port) {
    Address address = {.port = ntohs(port)};
    constexpr size_t v4_at = 12;
    if (family == AF_INET6) {
        std::memcpy(address.ip.data(), words, address.ip.size());
    } else {
        address.ip[v4_at - 2] = address.ip[v4_at - 1] = 0xff;
        std::memcpy(address.ip.data() + v4_at, words, 4);
    }
    return address;
}

bool is_loopback(const Address& address) {
    in6_addr ip{};
    std::memcpy(&ip, address.ip.data(), sizeof ip);
    constexpr unsigned char loopback_network = 127;
    return IN6_IS_ADDR_LOOPBACK(&ip) || (IN6_IS_ADDR_V4MAPPED(&ip) && ip.s6_addr[12] == loopback_network);
}

std::string text_of(const inet_diag_msg& message, const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(message.idiag_family, static_cast<const void*>(message.id.idiag_src), text.data(), text.size());
    return message.idiag_family == AF_INET6 ? fmt::format("[{}]:{}", text.data(), address.port)
                                            : fmt::format("{}:{}", text.data(), address.port);
}

// Both are here and the kernel has nothing left to do for either of them: all that was sent has arrived.
bool is_quiet(const inet_diag_msg& message) {
    constexpr unsigned none = 0, keep_alive = 2, zero_window_probe = 4;  // inet_diag(7): idiag_timer
    const unsigned timer = message.idiag_timer;
    // What is not sent because the peer has no room lies still; an answered probe changes nothing.
    return (timer == none || timer == keep_alive) ? message.idiag_wqueue == 0 : timer == zero_window_probe;
}

// Reading goes on, and may last, in these states only.
bool is_open(const inet_diag_msg& message) {
    return message.idiag_state == TCP_ESTABLISHED || message.idiag_state == TCP_FIN_WAIT2;
}

class Table {
  public:
    // False: not all came.
    bool read(const DiagConnection& connection, std::uint8_t protocol) {
        return read(connection, protocol, AF_INET) && read(connection, protocol, AF_INET6);
    }

    std::map<std::uint64_t, SocketSnapshot> tcp() const {
        std::map<std::uint64_t, SocketSnapshot> sockets;
        for (const Entry& entry : entries_) {
            SocketSnapshot socket = common(entry, SocketSnapshot::Family::tcp, SOCK_STREAM);
            socket.listening = entry.message.idiag_state == TCP_LISTEN;
            if (socket.listening)
                socket.moving = somebody_connects_to(entry.local.port);
            else
                connect(socket, entry);
            if (entry.message.idiag_inode != 0) sockets.emplace(entry.message.idiag_inode, std::move(socket));
        }
        return sockets;
    }

    std::map<std::uint64_t, SocketSnapshot> udp() const {
        std::map<std::uint64_t, SocketSnapshot> sockets;
        for (const Entry& entry : entries_)
            sockets.emplace(entry.message.idiag_inode,
                            common(entry, SocketSnapshot::Family::udp, SOCK_DGRAM));
        return sockets;
    }

  private:
    bool read(const DiagConnection& connection, std::uint8_t protocol, std::uint8_t family) {
        inet_diag_req_v2 request = {};
        request.sdiag_family = family;
        request.sdiag_protocol = protocol;
        request.idiag_states = ~0U;
        return connection.ask(std::as_bytes(std::span(&request, 1)), [&](Bytes bytes) {
            if (bytes.size() < sizeof(inet_diag_msg)) return;
            Entry entry = {};
            std::memcpy(&entry.message, bytes.data(), sizeof entry.message);
            const auto& id = entry.message.id;
            entry.local = address(entry.message.idiag_family, id.idiag_src, id.idiag_sport);
            entry.remote = address(entry.message.idiag_family, id.idiag_dst, id.idiag_dport);
            entries_.push_back(entry);
        });
    }

    static SocketSnapshot common(const Entry& entry, SocketSnapshot::Family family, int type) {
        SocketSnapshot socket;
        socket.family = family;
        socket.type = type;
        socket.name = text_of(entry.message, entry.local);
        return socket;
    }

    void connect(SocketSnapshot& socket, const Entry& entry) const {
        socket.connected = true;
        socket.input_ended = entry.message.idiag_state == TCP_CLOSE_WAIT;
        socket.moving = !is_open(entry.message) && !socket.input_ended;
        const auto peer = std::ranges::find_if(entries_, [&](const Entry& other) {
            return other.local == entry.remote && other.remote == entry.local &&
                   other.message.idiag_state != TCP_TIME_WAIT;
        });
        if (peer == entries_.end() || !is_loopback(entry.local) || !is_loopback(entry.remote)) return;
        socket.peer = peer->message.idiag_inode;
        socket.moving = socket.moving || !is_quiet(entry.message) || !is_quiet(peer->message);
        if (*socket.peer == 0) find_acceptors(socket, *peer);
    }

    // Of a connection that nobody has accepted, one end has no inode yet.
    void find_acceptors(SocketSnapshot& socket, const Entry& peer) const {
        if (peer.message.idiag_state != TCP_ESTABLISHED && peer.message.idiag_state != TCP_CLOSE_WAIT) {
            socket.moving = true;  // it is being opened, or closed
            return;
        }
        for (const Entry& other : entries_)
            if (other.message.idiag_state == TCP_LISTEN && other.local.port == peer.local.port)
                socket.not_accepted_by.push_back(other.message.idiag_inode);
    }

    bool somebody_connects_to(unsigned port) const {
        return std::ranges::any_of(entries_, [&](const Entry& other) {
            const unsigned state = other.message.idiag_state;
            constexpr unsigned new_syn_recv = 12;  // TCP_NEW_SYN_RECV
            return (state == TCP_SYN_SENT && other.remote.port == port) ||
                   ((state == TCP_SYN_RECV || state == new_syn_recv) && other.local.port == port);
        });
    }

    std::vector<Entry> entries_;
};

}  // namespace

void add_inet_sockets(std::map<std::uint64_t, SocketSnapshot>& sockets, const DiagConnection& connection,
                      bool private_network) {
    const auto add = [&](std::map<std::uint64_t, SocketSnapshot> found) {
        for (auto& [inode, socket] : found) socket.private_network = private_network;
        sockets.merge(found);
    };
    Table tcp, udp;
    if (tcp.read(connection, IPPROTO_TCP)) add(tcp.tcp());
    if (udp.read(connection, IPPROTO_UDP)) add(udp.udp());
}

}  // namespace rehang
