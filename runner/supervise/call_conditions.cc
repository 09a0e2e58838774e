#include "supervise/call_conditions.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <netinet/in.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <climits>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/files.h"
#include "base/unique_fd.h"
#include "supervise/fake_link.h"
#include "supervise/tracee.h"

namespace rehang {
namespace {

bool fits(const std::string& pattern, const std::string& text) {
    return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

std::string link_target(const std::string& link) {
    std::error_code gone;
    return std::filesystem::read_symlink(link, gone).string();
}

// A text that ends with a 0 byte; read page by page, since the next page need not be there.
std::optional<std::string> read_text(pid_t pid, std::uint64_t address) {
    constexpr std::uint64_t page = 4096;
    std::string text;
    while (text.size() < PATH_MAX) {
        char part[page];
        const size_t size = page - (address + text.size()) % page;
        if (!read_memory(pid, address + text.size(), part, size)) return std::nullopt;
        if (const void* end = std::memchr(part, 0, size))
            return text.append(std::string_view(part, static_cast<const char*>(end)));
        text.append(part, size);
    }
    return std::nullopt;
}

std::string folder_of(const PathCondition::Argument& argument, const SystemCall& call, pid_t tid) {
    const int descriptor = argument.folder ? static_cast<int>(call.arguments.at(*argument.folder)) : AT_FDCWD;
    if (descriptor == AT_FDCWD) return link_target(fmt::format("/proc/{}/cwd", tid));
    return link_target(fmt::format("/proc/{}/fd/{}", tid, descriptor));
}

bool holds_for(const ArgumentRange& range, const SystemCall& call, pid_t, pid_t) {
    const std::uint64_t value = call.arguments.at(range.index) & range.mask;
    return range.least <= value && value <= range.most;
}

bool holds_for(const PathCondition& condition, const SystemCall& call, pid_t pid, pid_t tid) {
    return std::ranges::any_of(condition.arguments, [&](const PathCondition::Argument& argument) {
        const std::string path = path_named(argument, call, pid, tid);
        return !path.empty() && fits(condition.pattern, path);
    });
}

bool holds_for(const DeviceCondition& condition, const SystemCall& call, pid_t pid, pid_t tid) {
    const auto is_path = [&](const PathCondition::Argument& argument) {
        return path_named(argument, call, pid, tid) == condition.device;
    };
    if (!condition.descriptor) return std::ranges::any_of(condition.paths, is_path);
    const int descriptor = static_cast<int>(call.arguments.at(*condition.descriptor));
    const std::string link = link_target(fmt::format("/proc/{}/fd/{}", tid, descriptor));
    if (const auto fake = fake_of_link(link)) return fake->device == condition.device;
    // "anon_inode:kvm-vm" of /dev/kvm
    return link == condition.device ||
           link.starts_with(fmt::format("anon_inode:{}-", file_name(condition.device)));
}

bool holds_for(const DescriptorCondition& condition, const SystemCall& call, pid_t pid, pid_t tid) {
    const auto names = descriptor_names(pid, tid, static_cast<int>(call.arguments.at(condition.index)));
    return std::ranges::any_of(names, [&](const std::string& name) { return fits(condition.pattern, name); });
}

// The first `size` bytes of what the vectors hold together.
std::string read_vectors(pid_t pid, std::uint64_t address, std::uint64_t count, size_t size) {
    std::string bytes;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, IOV_MAX) && bytes.size() < size; ++i) {
        iovec vector{};
        if (!read_memory(pid, address + i * sizeof vector, &vector, sizeof vector)) break;
        std::string part(std::min(vector.iov_len, size - bytes.size()), '\0');
        if (!read_memory(pid, reinterpret_cast<std::uint64_t>(vector.iov_base), part.data(), part.size()))
            break;
        bytes += part;
    }
    return bytes;
}

bool holds_for(const BufferCondition& condition, const SystemCall& call, pid_t pid, pid_t) {
    const std::uint64_t address = call.arguments.at(condition.buffer);
    if (condition.vectors)
        return read_vectors(pid, address, call.arguments.at(*condition.vectors), condition.prefix.size()) ==
               condition.prefix;
    if (condition.size && call.arguments.at(*condition.size) < condition.prefix.size()) return false;
    std::string bytes(condition.prefix.size(), '\0');
    return read_memory(pid, address, bytes.data(), bytes.size()) && bytes == condition.prefix;
}

bool holds_for(const MemberCondition& condition, const SystemCall& call, pid_t pid, pid_t) {
    std::uint64_t value = 0;
    REHANG_CHECK(condition.size <= sizeof value);
    return read_memory(pid, call.arguments.at(condition.index) + condition.offset, &value, condition.size) &&
           (value & condition.mask) == condition.value;
}

// A copy of the target's descriptor: the same open file.
UniqueFd copy_of(pid_t pid, int descriptor) {
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!process) return {};
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), descriptor, 0)));
}

std::string transport(int socket) {
    int type = 0;
    socklen_t size = sizeof type;
    ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size);
    return type == SOCK_STREAM ? "tcp" : type == SOCK_DGRAM ? "udp" : "ip";
}

// Empty for a socket that has no such address.
std::string address_text(int socket, const sockaddr_storage& address, socklen_t size) {
    char text[INET6_ADDRSTRLEN] = {};
    switch (address.ss_family) {
        case AF_UNIX: {
            const auto& name = reinterpret_cast<const sockaddr_un&>(address);
            const size_t length = size - offsetof(sockaddr_un, sun_path);
            if (size <= offsetof(sockaddr_un, sun_path) || length == 0) return {};
            if (name.sun_path[0] == '\0') return "unix:@" + std::string(name.sun_path + 1, length - 1);
            return "unix:" + std::string(name.sun_path, ::strnlen(name.sun_path, length));
        }
        case AF_INET: {
            const auto& inet = reinterpret_cast<const sockaddr_in&>(address);
            ::inet_ntop(AF_INET, &inet.sin_addr, text, sizeof text);
            return fmt::format("{}:{}:{}", transport(socket), text, ntohs(inet.sin_port));
        }
        case AF_INET6: {
            const auto& inet = reinterpret_cast<const sockaddr_in6&>(address);
            ::inet_ntop(AF_INET6, &inet.sin6_addr, text, sizeof text);
            return fmt::format("{}:[{}]:{}", transport(socket), text, ntohs(inet.sin6_port));
        }
        default:
            return {};
    }
}

void add_socket_addresses(std::vector<std::string>& names, int socket) {
    for (const auto get : {&::getsockname, &::getpeername}) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        if (get(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
        if (std::string text = address_text(socket, address, size); !text.empty())
            names.push_back(std::move(text));
    }
}

}  // namespace

std::string path_named(const PathCondition::Argument& argument, const SystemCall& call, pid_t pid,
                       pid_t tid) {
    const auto text = read_text(pid, call.arguments.at(argument.path));
    if (!text || text->empty()) return {};
    std::filesystem::path path = *text;
    if (path.is_relative()) path = folder_of(argument, call, tid) / path;
    return path.lexically_normal().string();
}

bool holds(const CallCondition& condition, const SystemCall& call, pid_t pid, pid_t tid) {
    return std::visit([&](const auto& kind) { return holds_for(kind, call, pid, tid); }, condition);
}

std::vector<std::string> descriptor_names(pid_t pid, pid_t tid, int descriptor) {
    const std::string link = link_target(fmt::format("/proc/{}/fd/{}", tid, descriptor));
    if (link.empty()) return {};
    const auto fake = fake_of_link(link);
    if (fake && fake->file.empty()) return {fake->device};
    if (fake) return {fake->name_of_real_one(), "anon_inode"};
    std::vector<std::string> names = {link};
    const size_t colon = link.find(':');
    if (link.starts_with('/') || colon == std::string::npos) return names;
    const std::string kind = link.substr(0, colon);
    names.push_back(kind);
    if (link.substr(colon + 1).starts_with('[') && link.ends_with(']'))  // pipe:[1234], anon_inode:[eventfd]
        names.push_back(fmt::format("{}:{}", kind, link.substr(colon + 2, link.size() - colon - 3)));
    if (kind == "socket")
        if (const UniqueFd socket = copy_of(pid, descriptor)) add_socket_addresses(names, socket.get());
    return names;
}

}  // namespace rehang
