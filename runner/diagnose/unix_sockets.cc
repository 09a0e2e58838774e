#include "diagnose/unix_sockets.h"

#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include <cstring>

#include "diagnose/connect_target.h"

namespace rehang {
namespace {

using Bytes = std::span<const std::byte>;

constexpr unsigned receive_shut = 1;  // RCV_SHUTDOWN of the kernel's net/sock.h

template <class T>
T first(Bytes bytes) {
    T value{};
    std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
    return value;
}

std::vector<std::uint64_t> inodes_in(Bytes bytes) {
    std::vector<std::uint64_t> inodes;
    for (; bytes.size() >= sizeof(std::uint32_t); bytes = bytes.subspan(sizeof(std::uint32_t)))
        inodes.push_back(first<std::uint32_t>(bytes));
    return inodes;
}

// The kernel's own dev_t, of which st_dev is another spelling.
std::uint64_t device_number(std::uint32_t device) {
    constexpr unsigned minor_bits = 20;
    return makedev(device >> minor_bits, device & ((1U << minor_bits) - 1));
}

struct Entry {
    SocketSnapshot socket;
    std::vector<std::uint64_t> waiting;  // of a listening one: who has connected and was not accepted
};

void add_attribute(Entry& entry, unsigned type, Bytes value) {
    SocketSnapshot& socket = entry.socket;
    switch (type) {
        case UNIX_DIAG_NAME:
            socket.name = unix_name({reinterpret_cast<const char*>(value.data()), value.size()});
            break;
        case UNIX_DIAG_VFS: {
            const auto file = first<unix_diag_vfs>(value);
            socket.file_inode = file.udiag_vfs_ino;
            socket.file_device = device_number(file.udiag_vfs_dev);
            break;
        }
        case UNIX_DIAG_PEER:
            socket.connected = true;
            socket.peer = first<std::uint32_t>(value);
            break;
        case UNIX_DIAG_ICONS:
            entry.waiting = inodes_in(value);
            break;
        case UNIX_DIAG_SHUTDOWN:
            socket.input_ended = (first<std::uint8_t>(value) & receive_shut) != 0;
            break;
        default:
            break;
    }
}

Entry parse(Bytes message, const unix_diag_msg& header) {
    Entry entry;
    entry.socket.family = SocketSnapshot::Family::unix_domain;
    entry.socket.type = header.udiag_type;
    entry.socket.listening = header.udiag_state == TCP_LISTEN;
    each_attribute(message, sizeof header,
                   [&](unsigned type, Bytes value) { add_attribute(entry, type, value); });
    return entry;
}

}  // namespace

void add_unix_sockets(std::map<std::uint64_t, SocketSnapshot>& sockets, const DiagConnection& connection,
                      bool private_network) {
    unix_diag_req request = {};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = ~0U;
    request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS;
    std::map<std::uint64_t, std::uint64_t> accepting;  // who has connected -> the listening socket
    std::map<std::uint64_t, SocketSnapshot> found;
    const bool all = connection.ask(std::as_bytes(std::span(&request, 1)), [&](Bytes message) {
        if (message.size() < sizeof(unix_diag_msg)) return;
        const auto header = first<unix_diag_msg>(message);
        Entry entry = parse(message, header);
        entry.socket.private_network = private_network;
        for (const std::uint64_t client : entry.waiting) accepting[client] = header.udiag_ino;
        found.insert_or_assign(header.udiag_ino, std::move(entry.socket));
    });
    if (!all) return;
    for (const auto& [client, listener] : accepting)
        if (const auto socket = found.find(client); socket != found.end())
            socket->second.not_accepted_by = {listener};
    sockets.merge(found);
}

}  // namespace rehang
