#include "live/access.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string>

#include "base/files.h"
#include "diagnose/proc_files.h"
#include "elf/modules.h"

namespace rehang {
namespace {

// A process in an inner pid namespace is known there by another number.
std::unexpected<Error> no_such_process(pid_t pid) {
    for (const pid_t other : proc::numbers_in("/proc").value_or(std::vector<pid_t>())) {
        const auto status = proc::parse_status(read_file_or_empty(fmt::format("/proc/{}/status", other)));
        if (other != pid && status.inner_tid == pid)
            return misuse(
                fmt::format("no process has pid {} here; in its own pid namespace pid {} has it", pid, other),
                fmt::format("rehang diagnose {}", other));
    }
    return misuse(fmt::format("no process has pid {}", pid), "`ps -e` lists those that there are");
}

// All that a look needs of ptrace's permissions: to read (maps) and to attach (the system call, memory).
bool can_be_read(pid_t pid) {
    const auto mappings = elf::read_mappings(pid);
    if (mappings.empty() || read_file_or_empty(fmt::format("/proc/{}/syscall", pid)).empty()) return false;
    char byte = 0;
    const iovec here = {.iov_base = &byte, .iov_len = 1};
    for (const elf::Mapping& mapping : mappings) {
        if (!mapping.readable || mapping.path == "[vvar]") continue;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
        const iovec there = {.iov_base = reinterpret_cast<void*>(mapping.start), .iov_len = 1};
        return process_vm_readv(pid, &here, 1, &there, 1, 0) == 1 || errno != EPERM;
    }
    return false;
}

// The real uid. Nothing for a process that is gone.
std::optional<uid_t> user_of(pid_t pid) {
    const std::string text = read_file_or_empty(fmt::format("/proc/{}/status", pid));
    const size_t at = text.find("\nUid:\t");
    if (at == std::string::npos) return std::nullopt;
    uid_t uid = 0;
    std::from_chars(text.data() + at + 6, text.data() + text.size(), uid);
    return uid;
}

// Files in /proc of a process that is not dumpable belong to root, though not their folder (proc(5)).
bool is_dumpable(pid_t pid, uid_t user) {
    struct stat status {};
    return stat(fmt::format("/proc/{}/status", pid).c_str(), &status) != 0 || status.st_uid == user;
}

int yama_scope() {
    const std::string text = read_file_or_empty("/proc/sys/kernel/yama/ptrace_scope");
    return text.empty() ? 0 : text.front() - '0';
}

std::unexpected<Error> not_permitted(pid_t pid, const std::string& name) {
    const std::string process = fmt::format("{} (pid {})", name, pid);
    const std::string as_root = fmt::format("sudo rehang diagnose {}", pid);
    const auto user = user_of(pid);
    if (geteuid() == 0)
        return unsupported(
            fmt::format("{} can't be looked into, not even as root: CAP_SYS_PTRACE is missing here, or a "
                        "security module hides it",
                        process),
            "run rehang where root has CAP_SYS_PTRACE, for a container: --cap-add SYS_PTRACE");
    if (user && *user != geteuid())
        return unsupported(fmt::format("{} belongs to user {}, and this is user {}: the processes of others "
                                       "are for root (CAP_SYS_PTRACE)",
                                       process, *user, geteuid()),
                           as_root);
    if (user && !is_dumpable(pid, *user))
        return unsupported(
            fmt::format("{} is not dumpable (it is set-uid, or asked for it by prctl(2)): only "
                        "root (CAP_SYS_PTRACE) may look into it",
                        process),
            as_root);
    if (const int scope = yama_scope(); scope >= 3)
        return unsupported(fmt::format("kernel.yama.ptrace_scope is {}: nobody may look into {}, and it "
                                       "stays so until the next boot",
                                       scope, process),
                           "set kernel.yama.ptrace_scope in /etc/sysctl.d and boot again");
    else if (scope > 0)
        return unsupported(fmt::format("kernel.yama.ptrace_scope is {}: only root (CAP_SYS_PTRACE) may look "
                                       "into {}, though it is yours",
                                       scope, process),
                           fmt::format("{}, or sudo sysctl kernel.yama.ptrace_scope=0", as_root));
    return unsupported(fmt::format("{} may not be looked into: it has capabilities that this user lacks, or "
                                   "lives in another user namespace",
                                   process),
                       as_root);
}

}  // namespace

Expected<void> may_look_into(pid_t pid) {
    const auto stat = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", pid)));
    if (!stat) return no_such_process(pid);
    if (stat->kernel_thread)
        return misuse(fmt::format("{} (pid {}) is a kernel thread: it runs no program", stat->comm, pid),
                      fmt::format("sudo cat /proc/{}/stack shows where it is", pid));
    const bool all_ended =
        stat->state == 'Z' &&
        proc::numbers_in(fmt::format("/proc/{}/task", pid)).value_or(std::vector<pid_t>()).size() <= 1;
    if (all_ended || can_be_read(pid)) return {};
    // It may have ended just now.
    if (const auto again = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", pid)));
        !again || again->state == 'Z' || again->state == 'X')
        return {};
    return not_permitted(pid, stat->comm);
}

}  // namespace rehang
