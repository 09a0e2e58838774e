// netlink(7) sockets of one network namespace.
#pragma once

#include <cstdint>
#include <map>

#include "diagnose/diag_connection.h"
#include "diagnose/snapshot.h"

namespace rehang {

void add_netlink_sockets(std::map<std::uint64_t, SocketSnapshot>& sockets, const DiagConnection& connection,
                         bool private_network, const NetworkSnapshot& network);

}  // namespace rehang
