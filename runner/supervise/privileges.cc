#include "supervise/privileges.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <vector>

namespace rehang {

std::optional<std::string> refused_privileges(pid_t pid) {
    const std::string program = fmt::format("/proc/{}/exe", pid);
    struct stat status {};
    if (::stat(program.c_str(), &status) != 0) return std::nullopt;
    std::vector<std::string> asked;
    if ((status.st_mode & S_ISUID) != 0) asked.emplace_back("is set-uid");
    // Without the group's right to execute, the bit means something else: inode(7).
    if ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)) asked.emplace_back("is set-gid");
    if (::getxattr(program.c_str(), "security.capability", nullptr, 0) > 0)
        asked.emplace_back("has file capabilities");
    if (asked.empty()) return std::nullopt;
    return fmt::format("{}", fmt::join(asked, " and "));
}

}  // namespace rehang
