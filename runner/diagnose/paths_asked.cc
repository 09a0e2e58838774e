#include "diagnose/paths_asked.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "base/unique_fd.h"
#include "diagnose/asked_memory.h"

namespace rehang {
namespace {

struct Asked {
    int folder = AT_FDCWD;
    std::string path;
    std::uint64_t flags = 0;  // of open(2)
    mode_t type = S_IFIFO;
};

std::optional<Asked> asked_by(const ThreadSnapshot& thread, pid_t pid) {
    const auto& args = thread.args;
    switch (thread.syscall) {
        case SYS_open:
            return Asked{.path = read_text(pid, args[0], PATH_MAX), .flags = args[1]};
        case SYS_openat:
            return Asked{.folder = static_cast<int>(args[0]),
                         .path = read_text(pid, args[1], PATH_MAX),
                         .flags = args[2]};
        case SYS_openat2: {
            std::uint64_t flags = 0;  // struct open_how begins with them
            const auto bytes = read_memory(pid, args[2], sizeof flags);
            if (bytes.size() != sizeof flags) return std::nullopt;
            std::copy(bytes.begin(), bytes.end(), reinterpret_cast<unsigned char*>(&flags));
            return Asked{.folder = static_cast<int>(args[0]),
                         .path = read_text(pid, args[1], PATH_MAX),
                         .flags = flags};
        }
        case SYS_connect: {
            constexpr std::uint64_t header = offsetof(sockaddr_un, sun_path);
            return Asked{.path = read_text(pid, args[1] + header, sizeof(sockaddr_un::sun_path)),
                         .type = S_IFSOCK};
        }
        default:
            return std::nullopt;
    }
}

std::string link_target(const std::string& link) {
    std::array<char, PATH_MAX> buffer{};
    const ssize_t length = readlink(link.c_str(), buffer.data(), buffer.size());
    return length < 0 ? std::string() : std::string(buffer.data(), static_cast<size_t>(length));
}

// As the process sees it, from its root on.
std::string absolute(const Asked& asked, pid_t tid) {
    if (asked.path.starts_with('/')) return asked.path;
    const std::string folder =
        link_target(asked.folder == AT_FDCWD ? fmt::format("/proc/{}/cwd", tid)
                                             : fmt::format("/proc/{}/fd/{}", tid, asked.folder));
    return folder.starts_with('/') ? folder + "/" + asked.path : std::string();
}

// Links in it lead where they lead for the process. A path through another process's descriptors is not
// followed.
UniqueFd resolve(const std::string& path, pid_t tid) {
    const UniqueFd root(::open(fmt::format("/proc/{}/root", tid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) return {};
    open_how how = {};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    return UniqueFd(static_cast<int>(syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
}

}  // namespace

std::optional<DescriptorSnapshot> named_by(const ThreadSnapshot& thread, const ProcessSnapshot& process) {
    if (!thread.in_syscall) return std::nullopt;
    const auto asked = asked_by(thread, process.pid);
    if (!asked || asked->path.empty()) return std::nullopt;
    const std::string path = absolute(*asked, thread.tid);
    const UniqueFd file = resolve(path, thread.tid);
    struct stat status {};
    if (!file || fstat(file.get(), &status) != 0 || (status.st_mode & S_IFMT) != asked->type)
        return std::nullopt;
    DescriptorSnapshot named;
    named.target = path;
    named.kind = asked->type == S_IFIFO ? FileKind::pipe : FileKind::other;
    named.inode = status.st_ino;
    named.device = status.st_dev;
    named.readable = (asked->flags & O_ACCMODE) == O_RDONLY;
    named.writable = (asked->flags & O_ACCMODE) == O_WRONLY;
    return named;
}

}  // namespace rehang
