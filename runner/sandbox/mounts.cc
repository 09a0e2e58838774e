#include "sandbox/mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/namespaces.h"

namespace rehang {

namespace {

// Of each private folder, against a target that fills the host's memory: far above what a scenario needs.
constexpr const char* folder_limits = "size=512m,nr_inodes=100k";

mount_attr read_only() {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    return attributes;
}

}  // namespace

Expected<UniqueFd> copy_mounts(const std::string& path) {
    UniqueFd copy(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (!copy) return namespace_failure(fmt::format("can't copy the mounts at {}", path));
    return copy;
}

Expected<UniqueFd> read_only_copy(const std::string& path) {
    auto copy = copy_mounts(path);
    if (!copy) return copy;
    mount_attr attributes = read_only();
    if (::mount_setattr(copy->get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0)
        return namespace_failure(fmt::format("can't make a copy of {} read-only", path));
    return copy;
}

Expected<void> attach(const UniqueFd& copy, const std::string& path) {
    if (::move_mount(copy.get(), "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return namespace_failure(fmt::format("can't attach mounts at {}", path));
    return {};
}

Expected<void> mount_empty_folder(const std::string& path, const char* mode) {
    const std::string options = fmt::format("mode={},{}", mode, folder_limits);
    if (::mount("rehang", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
        return namespace_failure(fmt::format("can't mount a private {}", path));
    return {};
}

Expected<void> bind(const std::string& from, const std::string& to) {
    if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
        return namespace_failure(fmt::format("can't bind {} to {}", from, to));
    return {};
}

Expected<void> make_read_only(const std::string& path) {
    mount_attr attributes = read_only();
    if (::mount_setattr(AT_FDCWD, path.c_str(), 0, &attributes, sizeof attributes) != 0)
        return namespace_failure(fmt::format("can't make {} read-only", path));
    return {};
}

Expected<void> detach(const std::string& path) {
    if (::umount2(path.c_str(), MNT_DETACH) != 0)
        return namespace_failure(fmt::format("can't unmount {}", path));
    return {};
}

Expected<void> enter_root(const UniqueFd& folder) {
    // pivot_root(2), NOTES: with the same folder twice the old root comes to lie on top of the new one, from
    // where it is taken away.
    if (::fchdir(folder.get()) != 0) return namespace_failure("can't enter the new root");
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return namespace_failure("can't change the root");
    if (auto left = detach("."); !left) return left;
    if (::chdir("/") != 0) return namespace_failure("can't enter the new root");
    return {};
}

}  // namespace rehang
