#include "diagnose/netlink_sockets.h"

#include <linux/netlink_diag.h>
#include <sys/socket.h>

#include <cstring>

namespace rehang {
namespace {

using Bytes = std::span<const std::byte>;

// Bit n - 1 for group number n.
std::vector<unsigned> groups_in(Bytes bits) {
    std::vector<unsigned> groups;
    constexpr unsigned in_a_byte = 8;
    for (unsigned bit = 0; bit / in_a_byte < bits.size(); ++bit)
        if ((bits[bit / in_a_byte] >> (bit % in_a_byte) & std::byte{1}) != std::byte{0})
            groups.push_back(bit + 1);
    return groups;
}

void add_attribute(NetlinkSnapshot& socket, unsigned type, Bytes value) {
    std::uint32_t flags = 0;
    if (type == NETLINK_DIAG_GROUPS) {
        socket.groups = groups_in(value);
    } else if (type == NETLINK_DIAG_FLAGS && value.size() >= sizeof flags) {
        std::memcpy(&flags, value.data(), sizeof flags);
        socket.other_networks = (flags & NDIAG_FLAG_LISTEN_ALL_NSID) != 0;
    }
}

}  // namespace

// One that was never bound is not in the kernel's list, and stays unknown; and so do all of them where the
// kernel has no module netlink_diag.
void add_netlink_sockets(std::map<std::uint64_t, SocketSnapshot>& sockets, const DiagConnection& connection,
                         bool private_network, const NetworkSnapshot& network) {
    netlink_diag_req request = {};
    request.sdiag_family = AF_NETLINK;
    request.sdiag_protocol = NDIAG_PROTO_ALL;
    request.ndiag_show = NDIAG_SHOW_GROUPS | NDIAG_SHOW_FLAGS;
    connection.ask(std::as_bytes(std::span(&request, 1)), [&](Bytes message) {
        netlink_diag_msg header = {};
        if (message.size() < sizeof header) return;
        std::memcpy(&header, message.data(), sizeof header);
        SocketSnapshot socket;
        socket.family = SocketSnapshot::Family::netlink;
        socket.type = header.ndiag_type;
        socket.private_network = private_network;
        socket.netlink.protocol = header.ndiag_protocol;
        socket.netlink.network = network;
        each_attribute(message, sizeof header,
                       [&](unsigned type, Bytes value) { add_attribute(socket.netlink, type, value); });
        if (header.ndiag_ino != 0) sockets.insert_or_assign(header.ndiag_ino, std::move(socket));
    });
}

}  // namespace rehang
