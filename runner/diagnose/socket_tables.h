// The sockets of network namespaces, with their peers.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>

#include "diagnose/diag_connection.h"
#include "diagnose/snapshot.h"

namespace rehang {

// Keeps a connection to each namespace that it had to look into.
class SocketTables {
  public:
    // The sockets that threads of the snapshot wait at, with all others of the same namespaces: any may be a
    // peer. The snapshot's descriptors and memory must be there.
    void add_to(Snapshot& snapshot);

  private:
    const DiagConnection* connection_at(pid_t pid, std::uint64_t network);

    std::map<std::uint64_t, DiagConnection> connections_;  // by the namespace's inode
};

}  // namespace rehang
