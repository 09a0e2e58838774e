#include "diagnose/socket_tables.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

#include "base/files.h"
#include "diagnose/inet_sockets.h"
#include "diagnose/interests.h"
#include "diagnose/netlink_sockets.h"
#include "diagnose/network_facts.h"
#include "diagnose/proc_files.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/socket_options.h"
#include "diagnose/unix_sockets.h"

namespace rehang {
namespace {

// Inode of the network namespace; 0 where it can't be read.
std::uint64_t network_of(const std::string& process) {
    struct stat status {};
    return stat(fmt::format("/proc/{}/ns/net", process).c_str(), &status) == 0 ? status.st_ino : 0;
}

struct Waiting {
    pid_t pid = 0;
    int fd = -1;
    std::uint64_t inode = 0;
    bool polled = false;
};

std::vector<Waiting> waiting_at_sockets(const Snapshot& snapshot) {
    std::vector<Waiting> waiting;
    for (const ProcessSnapshot& process : snapshot.processes)
        for (const ThreadSnapshot& thread : process.threads) {
            const auto interests = interests_of(snapshot, process, thread);
            if (!interests) continue;
            for (const Interest& interest : interests->at)
                if (const DescriptorSnapshot* const descriptor = find_descriptor(process, interest.fd);
                    descriptor && descriptor->kind == FileKind::socket)
                    waiting.push_back({.pid = process.pid,
                                       .fd = interest.fd,
                                       .inode = descriptor->inode,
                                       .polled = interests->polled});
        }
    return waiting;
}

void add_time_outs(Snapshot& snapshot, const std::vector<Waiting>& waiting) {
    for (const Waiting& one : waiting)
        if (const auto socket = snapshot.sockets.find(one.inode);
            socket != snapshot.sockets.end() && !one.polled)
            socket->second.time_outs = read_time_outs(one.pid, one.fd);
}

bool is_zero(const std::string& hexadecimal) {
    return hexadecimal.find_first_not_of('0') == std::string::npos;
}

// A packet between two sockets of this machine may lie in a queue of the network for a moment, seen at
// neither. Source: softnet_seq_show in the kernel's net/core/net-procfs.c, the queues' length is the 12th
// number of each line.
bool packets_are_queued() {
    std::istringstream lines(read_file_or_empty("/proc/net/softnet_stat"));
    bool any = false;
    for (std::string line; std::getline(lines, line); any = true) {
        std::istringstream fields(line);
        std::string field;
        constexpr int length_at = 12;
        for (int i = 0; i < length_at; ++i)
            if (!(fields >> field)) return true;  // Linux before 5.10 does not tell
        if (!is_zero(field)) return true;
    }
    return !any;
}

void mark_packets_on_their_way(Snapshot& snapshot) {
    if (std::ranges::none_of(snapshot.sockets, [](const auto& entry) {
            return entry.second.family == SocketSnapshot::Family::udp;
        }))
        return;
    if (!packets_are_queued()) return;
    for (auto& [inode, socket] : snapshot.sockets)
        if (socket.family == SocketSnapshot::Family::udp) socket.moving = true;
}

}  // namespace

void SocketTables::add_to(Snapshot& snapshot) {
    const auto waiting = waiting_at_sockets(snapshot);
    std::set<std::uint64_t> done;
    for (const Waiting& one : waiting) {
        const std::uint64_t network = network_of(fmt::format("{}", one.pid));
        if (network == 0 || !done.insert(network).second) continue;
        const DiagConnection* const connection = connection_at(one.pid, network);
        if (!connection) continue;
        const bool private_network = network != network_of("self");
        add_unix_sockets(snapshot.sockets, *connection, private_network);
        add_inet_sockets(snapshot.sockets, *connection, private_network);
        add_netlink_sockets(snapshot.sockets, *connection, private_network, read_network(one.pid));
    }
    if (waiting.empty()) return;
    add_time_outs(snapshot, waiting);
    mark_packets_on_their_way(snapshot);
}

const DiagConnection* SocketTables::connection_at(pid_t pid, std::uint64_t network) {
    if (const auto kept = connections_.find(network); kept != connections_.end()) return &kept->second;
    auto connection = DiagConnection::open_at(pid);
    return connection ? &connections_.emplace(network, std::move(*connection)).first->second : nullptr;
}

}  // namespace rehang
