// What a network namespace has that could make news by itself.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "diagnose/snapshot.h"

namespace rehang {

// Of the process's main thread.
NetworkSnapshot read_network(pid_t pid);

// The files of /proc/PID/net that it comes from. Nothing in one of them: it could not be read.
bool has_only_loopback(std::string_view dev);
bool lists_sockets(std::string_view raw);  // raw, raw6

}  // namespace rehang
