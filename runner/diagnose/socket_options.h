// A socket's own time-outs. They show only at the socket itself: a copy of the process's descriptor is asked,
// and closed.
#pragma once

#include <sys/types.h>

#include <optional>

#include "diagnose/snapshot.h"

namespace rehang {

// Nothing where it can't be read: pidfd_getfd(2) asks for the right to trace the process.
std::optional<SocketSnapshot::TimeOuts> read_time_outs(pid_t pid, int fd);

}  // namespace rehang
