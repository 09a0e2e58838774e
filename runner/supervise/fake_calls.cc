#include "supervise/fake_calls.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "supervise/tracee.h"

namespace rehang {
namespace {

using Does = PathCall::Does;
using Argument = PathCondition::Argument;

constexpr Argument path_first{.path = 0, .folder = {}};
constexpr Argument path_second{.path = 1, .folder = 0};

struct Known {
    int number;
    PathCall what;
};

constexpr std::array known_calls = {
    Known{SYS_open, {Does::opens, path_first, {}}},
    Known{SYS_creat, {Does::opens, path_first, {}}},
    Known{SYS_openat, {Does::opens, path_second, {}}},
    Known{SYS_openat2, {Does::opens, path_second, {}}},
    Known{SYS_access, {Does::checks_access, path_first, {}}},
    Known{SYS_faccessat, {Does::checks_access, path_second, {}}},
    Known{SYS_faccessat2, {Does::checks_access, path_second, {}}},
    Known{SYS_stat, {Does::tells_status, path_first, {}}},
    Known{SYS_lstat, {Does::tells_status, path_first, {}}},
    Known{SYS_newfstatat, {Does::tells_status, path_second, 0}},
    Known{SYS_statx, {Does::tells_status, path_second, 0}},
};
static_assert(std::ranges::none_of(known_calls, [](const Known& call) { return call.number == SYS_ioctl; }));

struct DeviceNumber {
    unsigned major, minor;
};

// As on the host, if it has one. Otherwise a number that /dev/kvm has (include/linux/miscdevice.h), or the
// first of those for experiments (Documentation/admin-guide/devices.txt).
DeviceNumber number_of(const std::string& device) {
    struct stat real {};
    if (::stat(device.c_str(), &real) == 0 && S_ISCHR(real.st_mode))
        return {.major = major(real.st_rdev), .minor = minor(real.st_rdev)};
    return device == "/dev/kvm" ? DeviceNumber{.major = 10, .minor = 232}
                                : DeviceNumber{.major = 60, .minor = 0};
}

constexpr unsigned device_mode = S_IFCHR | 0666;

std::int64_t write_to(pid_t tid, std::uint64_t address, const void* from, size_t size) {
    return write_memory(tid, address, from, size) ? 0 : -EFAULT;
}

}  // namespace

std::vector<int> calls_asked_for_fakes() {
    std::vector<int> calls = {SYS_ioctl};
    for (const Known& known : known_calls) calls.push_back(known.number);
    return calls;
}

bool asks_for_fakes(int call) {
    return call == SYS_ioctl || call == SYS_pwritev ||
           std::ranges::find(known_calls, call, &Known::number) != known_calls.end();
}

std::optional<PathCall> path_call(const SystemCall& call) {
    const auto* const known = std::ranges::find(known_calls, call.number, &Known::number);
    if (known == known_calls.end()) return std::nullopt;
    return known->what;
}

std::optional<int> open_flags(pid_t tid, const SystemCall& call) {
    switch (call.number) {
        case SYS_creat:
            return O_CREAT | O_WRONLY | O_TRUNC;
        case SYS_open:
            return static_cast<int>(call.arguments[1]);
        case SYS_openat2: {
            std::uint64_t flags = 0;  // the first member of struct open_how
            if (!read_memory(tid, call.arguments[2], &flags, sizeof flags)) return std::nullopt;
            return static_cast<int>(flags);
        }
        default:
            return static_cast<int>(call.arguments[2]);
    }
}

std::int64_t access_to_device(const SystemCall& call) {
    const std::uint64_t mode = call.arguments[call.number == SYS_access ? 1 : 2];
    return (mode & X_OK) != 0 ? -EACCES : 0;
}

std::optional<std::int64_t> tell_device_status(pid_t tid, const SystemCall& call, const std::string& device) {
    const DeviceNumber number = number_of(device);
    if (call.number == SYS_statx) {
        struct statx status {};
        status.stx_mask = STATX_BASIC_STATS;
        status.stx_blksize = 4096;
        status.stx_nlink = 1;
        status.stx_mode = device_mode;
        status.stx_rdev_major = number.major;
        status.stx_rdev_minor = number.minor;
        return write_to(tid, call.arguments[4], &status, sizeof status);
    }
    if (call.convention != Convention::x86_64) return std::nullopt;
    struct stat status {};  // the kernel's is the same on x86_64
    status.st_mode = device_mode;
    status.st_nlink = 1;
    status.st_blksize = 4096;
    status.st_rdev = makedev(number.major, number.minor);
    const unsigned where = call.number == SYS_newfstatat ? 2 : 1;
    return write_to(tid, call.arguments[where], &status, sizeof status);
}

}  // namespace rehang
