// What a thread in connect(2) wants to be connected to, of unix(7) sockets. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "diagnose/snapshot.h"

namespace rehang {

// The text of a sun_path, of which `bytes` are all that the address's length covers: "/run/x", "@abstract"
// with an @ for its first NUL, "" for a socket without a name.
std::string unix_name(std::string_view bytes);

// From the sockaddr that was read; "" where it could not be, or is no unix address.
std::string name_connected_to(const Snapshot& snapshot, const ProcessSnapshot& process,
                              const ThreadSnapshot& thread);

// The inode of the one socket that listens at what the thread connects to, a path by the file that it leads
// to. Nothing where there is none in sight, or more than one.
std::optional<std::uint64_t> listener_for(const Snapshot& snapshot, const ThreadSnapshot& thread,
                                          const std::string& name);

}  // namespace rehang
