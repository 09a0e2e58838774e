#include "host/namespaces.h"

#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/files.h"

namespace rehang {

const std::uint64_t sandbox_namespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

namespace {

// A sysctl's number; `otherwise` where this kernel doesn't have it.
long sysctl(const std::string& name, long otherwise) {
    const std::string text = read_file_or_empty("/proc/sys/" + name);
    return text.empty() ? otherwise : std::strtol(text.c_str(), nullptr, 10);
}

}  // namespace

Expected<ClonedProcess> clone_into_namespaces(std::uint64_t flags) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = flags | CLONE_PIDFD;
    arguments.exit_signal = SIGCHLD;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid < 0) return namespace_failure("can't make new namespaces");
    ClonedProcess process{.pid = pid, .pidfd = {}};
    if (pid > 0) process.pidfd.reset(pidfd);
    return process;
}

Expected<void> map_own_ids(pid_t child) {
    const std::string folder = fmt::format("/proc/{}/", child);
    const auto user_map = fmt::format("0 {} 1\n", ::geteuid());
    const auto group_map = fmt::format("0 {} 1\n", ::getegid());
    if (auto mapped = write_file(folder + "uid_map", user_map); !mapped) return mapped;
    if (auto denied = write_file(folder + "setgroups", "deny"); !denied) return denied;
    return write_file(folder + "gid_map", group_map);
}

bool is_target_of_rehang() {
    return read_file_or_empty("/proc/1/comm") == "rehang-init\n";
}

std::string namespace_fix(int errno_value) {
    if (is_target_of_rehang())
        return "start it outside of another rehang: its targets have no capabilities, and are traced already";
    if (sysctl("kernel/unprivileged_userns_clone", 1) == 0)
        return "allow user namespaces: sudo sysctl kernel.unprivileged_userns_clone=1";
    for (const char* kind : {"user", "pid", "mnt", "net", "ipc", "uts"}) {
        const std::string name = fmt::format("user/max_{}_namespaces", kind);
        if (sysctl(name, 1) == 0)
            return fmt::format("allow new {} namespaces: sudo sysctl user.max_{}_namespaces=1000", kind,
                               kind);
    }
    if (sysctl("kernel/apparmor_restrict_unprivileged_userns", 0) != 0)
        return "allow capabilities in user namespaces: sudo sysctl "
               "kernel.apparmor_restrict_unprivileged_userns=0";
    if (errno_value == ENOSPC || errno_value == EUSERS)
        return "more namespaces exist than the host allows, or they are nested 32 deep: end some, or raise "
               "user.max_user_namespaces and its like (sysctl user)";
    if (errno_value == ENOSYS || errno_value == EINVAL)
        return "use a kernel of 5.12 or later, with CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS, "
               "CONFIG_IPC_NS and "
               "CONFIG_UTS_NS; inside a container, start it with --security-opt seccomp=unconfined";
    return "a container or a security module forbids it; start the container with --security-opt "
           "seccomp=unconfined "
           "--security-opt apparmor=unconfined --security-opt systempaths=unconfined, and don't use chroot";
}

std::unexpected<Error> namespace_failure(std::string_view what) {
    const int error = errno;
    switch (error) {
        case EPERM:
        case EACCES:
        case ENOSPC:
        case EUSERS:
        case ENOSYS:
        case EINVAL:
            return unsupported(fmt::format("{}: {}", what, std::strerror(error)), namespace_fix(error));
        default:
            return failure(what, error);
    }
}

}  // namespace rehang
