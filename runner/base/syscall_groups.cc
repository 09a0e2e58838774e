#include "base/syscall_groups.h"

#include <algorithm>
#include <utility>

#include "base/names.h"
#include "base/syscall_arguments.h"
#include "base/words.h"

namespace rehang {
namespace {

// What strace 6 has in these groups, without calls that no kernel carries out any more.
constexpr std::pair<std::string_view, std::string_view> listed[] = {
    {"%clock",
     "adjtimex clock_adjtime clock_getres clock_gettime clock_settime gettimeofday "
     "settimeofday time"},
    {"%creds",
     "capget capset getegid geteuid getgid getgroups getresgid getresuid getuid prctl setfsgid "
     "setfsuid setgid setgroups setregid setresgid setresuid setreuid setuid"},
    {"%ipc", "msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget"},
    {"%memory",
     "brk get_mempolicy madvise map_shadow_stack mbind migrate_pages mincore mlock mlock2 "
     "mlockall mmap move_pages mprotect mremap msync munlock munlockall munmap pkey_mprotect "
     "process_madvise process_mrelease remap_file_pages set_mempolicy set_mempolicy_home_node "
     "shmat shmdt"},
    {"%network",
     "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg "
     "recvmsg sendfile sendmmsg sendmsg sendto setsockopt shutdown socket socketpair"},
    {"%process",
     "clone clone3 execve execveat exit exit_group fork kill pidfd_open pidfd_send_signal "
     "rt_sigqueueinfo rt_tgsigqueueinfo tgkill tkill unshare vfork wait4 waitid"},
    // No arguments, no effect, no failure.
    {"%pure", "getegid geteuid getgid getpgrp getpid getppid gettid getuid"},
    {"%signal",
     "kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
     "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd "
     "signalfd4 tgkill tkill"},
    {"%%stat", "fstat lstat newfstatat stat statx"},
    {"%%statfs", "fstatfs statfs ustat"},
};

// These two are what the calls' arguments say.
std::optional<SyscallArgument::Kind> kind_of_group(std::string_view name) {
    if (name == "%file") return SyscallArgument::Kind::path;
    if (name == "%desc") return SyscallArgument::Kind::descriptor;
    return std::nullopt;
}

std::optional<std::vector<std::string>> all_of_group(std::string_view name) {
    if (const auto kind = kind_of_group(name)) return calls_with(*kind);
    for (const auto& [group, calls] : listed)
        if (group == name) return words(calls);
    return std::nullopt;
}

}  // namespace

std::optional<std::vector<std::string>> syscall_group(std::string_view name) {
    auto calls = all_of_group(name);
    if (calls) std::erase_if(*calls, [](const std::string& call) { return !syscall_number(call); });
    return calls;
}

const std::vector<std::string>& syscall_group_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all = {"%file", "%desc"};
        for (const auto& [group, calls] : listed) all.emplace_back(group);
        return all;
    }();
    return names;
}

}  // namespace rehang
