// tcp(7) and udp(7) sockets of one network namespace. A connection counts as known only if both of its ends
// are here.
#pragma once

#include <cstdint>
#include <map>

#include "diagnose/diag_connection.h"
#include "diagnose/snapshot.h"

namespace rehang {

void add_inet_sockets(std::map<std::uint64_t, SocketSnapshot>& sockets, const DiagConnection& connection,
                      bool private_network);

}  // namespace rehang
