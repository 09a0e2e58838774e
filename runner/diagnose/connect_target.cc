#include "diagnose/connect_target.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

namespace rehang {
namespace {

bool listens_at(const SocketSnapshot& socket, const ThreadSnapshot& thread, const std::string& name) {
    if (socket.family != SocketSnapshot::Family::unix_domain || !socket.listening) return false;
    if (name.starts_with('@')) return socket.name == name;
    return thread.opens && socket.file_inode == thread.opens->inode &&
           socket.file_device == thread.opens->device;
}

}  // namespace

std::string unix_name(std::string_view bytes) {
    if (bytes.empty()) return {};
    if (bytes.front() == '\0') return "@" + std::string(bytes.substr(1));
    return std::string(bytes.substr(0, bytes.find('\0')));
}

std::string name_connected_to(const Snapshot& snapshot, const ProcessSnapshot& process,
                              const ThreadSnapshot& thread) {
    const auto found = snapshot.memory.find({process.pid, thread.args[1]});
    constexpr size_t header = offsetof(sockaddr_un, sun_path);
    if (found == snapshot.memory.end()) return {};
    const size_t length = std::min<size_t>(found->second.size(), static_cast<std::uint32_t>(thread.args[2]));
    if (length <= header) return {};
    const std::string bytes(found->second.begin(),
                            found->second.begin() + static_cast<std::ptrdiff_t>(length));
    sa_family_t family = 0;
    std::memcpy(&family, bytes.data(), sizeof family);
    return family == AF_UNIX ? unix_name(std::string_view(bytes).substr(header)) : std::string();
}

std::optional<std::uint64_t> listener_for(const Snapshot& snapshot, const ThreadSnapshot& thread,
                                          const std::string& name) {
    std::optional<std::uint64_t> listener;
    for (const auto& [inode, socket] : snapshot.sockets) {
        if (name.empty() || !listens_at(socket, thread, name)) continue;
        if (listener) return std::nullopt;
        listener = inode;
    }
    return listener;
}

}  // namespace rehang
