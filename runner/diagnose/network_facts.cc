#include "diagnose/network_facts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/files.h"
#include "base/unique_fd.h"

namespace rehang {
namespace {

std::string read_net(pid_t pid, std::string_view file) {
    return read_file_or_empty(fmt::format("/proc/{}/net/{}", pid, file));
}

// The first user namespace has this number on every machine: PROC_USER_INIT_INO of the kernel's
// include/linux/proc_ns.h. One that can't be told counts as this one.
bool is_of_initial_user_ns(pid_t pid) {
    constexpr ino_t initial = 0xEFFFFFFD;
    const UniqueFd network(::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!network) return true;
    const UniqueFd owner(ioctl(network.get(), NS_GET_USERNS));
    struct stat status {};
    return !owner || fstat(owner.get(), &status) != 0 || status.st_ino == initial;
}

}  // namespace

// Two lines of headings, then "    lo: 0 0 …" for each interface.
bool has_only_loopback(std::string_view dev) {
    constexpr std::string_view loopback = "lo:";
    bool found = false;
    int line_number = 0;
    constexpr int headings = 2;
    while (!dev.empty()) {
        const size_t end = std::min(dev.find('\n'), dev.size());
        std::string_view line = dev.substr(0, end);
        dev.remove_prefix(std::min(end + 1, dev.size()));
        if (++line_number <= headings) continue;
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        if (!line.starts_with(loopback)) return false;
        found = true;
    }
    return found;
}

// A line of headings, then one for each socket.
bool lists_sockets(std::string_view raw) {
    return std::ranges::count(raw, '\n') != 1;
}

NetworkSnapshot read_network(pid_t pid) {
    const std::string raw6 = read_net(pid, "raw6");  // not there without IPv6
    return {.only_loopback = has_only_loopback(read_net(pid, "dev")),
            .raw_sockets = lists_sockets(read_net(pid, "raw")) || (!raw6.empty() && lists_sockets(raw6)),
            .of_initial_user_ns = is_of_initial_user_ns(pid)};
}

}  // namespace rehang
