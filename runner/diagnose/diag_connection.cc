#include "diagnose/diag_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace rehang {
namespace {

UniqueFd open_socket() {
    return UniqueFd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
}

bool same_file(int fd, const char* path) {
    struct stat one {
    }, other{};
    return fstat(fd, &one) == 0 && stat(path, &other) == 0 && one.st_ino == other.st_ino &&
           one.st_dev == other.st_dev;
}

// Without CLONE_VM and with CLONE_FILES: a copy of this process that shares only its descriptors. It puts the
// socket in the place of `slot`, and ends. No signal tells of its end, and only we wait for it.
bool open_from_within(int user, int network, int slot) {
    const long child = syscall(SYS_clone, CLONE_FILES | CLONE_VFORK, nullptr, nullptr, nullptr, nullptr);
    if (child == 0) {
        const bool entered =
            (user < 0 || setns(user, CLONE_NEWUSER) == 0) && setns(network, CLONE_NEWNET) == 0;
        const int socket = entered ? ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG) : -1;
        const bool placed = socket >= 0 && dup3(socket, slot, O_CLOEXEC) == slot;
        if (socket >= 0) ::close(socket);
        _exit(placed ? 0 : 1);
    }
    int status = 1;
    return child > 0 && waitpid(static_cast<pid_t>(child), &status, __WALL) == child && status == 0;
}

UniqueFd open_in(const UniqueFd& network) {
    const UniqueFd user(ioctl(network.get(), NS_GET_USERNS));
    const bool ours = !user || same_file(user.get(), "/proc/self/ns/user");
    UniqueFd slot(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    // With all privileges its network is open to us without becoming somebody else.
    if (!slot || !(open_from_within(-1, network.get(), slot.get()) ||
                   (!ours && open_from_within(user.get(), network.get(), slot.get()))))
        return {};
    return slot;
}

}  // namespace

std::optional<DiagConnection> DiagConnection::open_at(pid_t pid) {
    const UniqueFd network(::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!network) return std::nullopt;
    UniqueFd socket = same_file(network.get(), "/proc/self/ns/net") ? open_socket() : open_in(network);
    if (!socket) return std::nullopt;
    return DiagConnection(std::move(socket));
}

bool DiagConnection::ask(std::span<const std::byte> request,
                         const std::function<void(std::span<const std::byte>)>& each) const {
    nlmsghdr header = {};
    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + request.size());
    header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    std::vector<std::byte> message(header.nlmsg_len);
    std::memcpy(message.data(), &header, sizeof header);
    std::memcpy(message.data() + NLMSG_HDRLEN, request.data(), request.size());
    if (send(socket_.get(), message.data(), message.size(), 0) < 0) return false;
    std::vector<std::byte> answer(size_t{1} << 16);
    for (;;) {
        // The kernel answers within the call.
        const ssize_t length = recv(socket_.get(), answer.data(), answer.size(), MSG_DONTWAIT);
        if (length <= 0) return false;
        std::span<const std::byte> rest(answer.data(), static_cast<size_t>(length));
        while (rest.size() >= sizeof header) {
            std::memcpy(&header, rest.data(), sizeof header);
            if (header.nlmsg_type == NLMSG_DONE) return true;
            if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_len < NLMSG_HDRLEN ||
                header.nlmsg_len > rest.size())
                return false;
            each(rest.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN));
            rest = rest.subspan(std::min<size_t>(rest.size(), NLMSG_ALIGN(header.nlmsg_len)));
        }
    }
}

void each_attribute(std::span<const std::byte> answer, size_t at,
                    const std::function<void(unsigned, std::span<const std::byte>)>& each) {
    auto rest = answer.subspan(std::min<size_t>(answer.size(), NLMSG_ALIGN(at)));
    while (rest.size() >= sizeof(rtattr)) {
        rtattr attribute = {};
        std::memcpy(&attribute, rest.data(), sizeof attribute);
        if (attribute.rta_len < sizeof attribute || attribute.rta_len > rest.size()) return;
        each(attribute.rta_type, rest.subspan(sizeof attribute, attribute.rta_len - sizeof attribute));
        rest = rest.subspan(std::min<size_t>(rest.size(), RTA_ALIGN(attribute.rta_len)));
    }
}

}  // namespace rehang
