#include "supervise/appearing_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace rehang {

const std::vector<CreatingCall>& creating_calls() {
    // Of open, only with O_CREAT: to open what exists is what programs do all the time.
    const auto creates = [](unsigned flags) {
        return std::vector{ArgumentCondition{.index = flags, .mask = O_CREAT, .value = O_CREAT}};
    };
    static const std::vector<CreatingCall> calls = {
        {SYS_open, creates(1)}, {SYS_openat, creates(2)}, {SYS_openat2, {}},  // its flags are in memory
        {SYS_creat, {}},        {SYS_mkdir, {}},          {SYS_mkdirat, {}},  {SYS_mknod, {}},
        {SYS_mknodat, {}},      {SYS_link, {}},           {SYS_linkat, {}},   {SYS_symlink, {}},
        {SYS_symlinkat, {}},    {SYS_rename, {}},         {SYS_renameat, {}}, {SYS_renameat2, {}},
        {SYS_bind, {}},
    };
    return calls;
}

bool exists_for(pid_t pid, const std::string& path) {
    const UniqueFd root(::open(fmt::format("/proc/{}/root", pid).c_str(), O_PATH | O_CLOEXEC));
    if (!root) return false;
    // Absolute links on the way must lead to the process's root, not to ours.
    const open_how how{.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_IN_ROOT};
    return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)))
               .get() >= 0;
}

}  // namespace rehang
