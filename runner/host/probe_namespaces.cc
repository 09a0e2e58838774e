#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <csignal>

#include "host/child.h"
#include "host/namespaces.h"
#include "host/probes.h"

namespace rehang {

namespace {

// What the child tries in its own mount namespace, and what each step ended with: 0 or an errno value.
struct Steps {
    int mounts = 0;     // a private copy of the host's mounts, made read-only as a whole (mount_setattr)
    int temporary = 0;  // a tmpfs
    int proc = 0;       // a proc of the new pid namespace
};

int errno_of(bool ok) {
    return ok ? 0 : errno;
}

int copy_root_read_only() {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
    const UniqueFd tree(::open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (!tree) return errno;
    mount_attr read_only{};
    read_only.attr_set = MOUNT_ATTR_RDONLY;
    return errno_of(
        ::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof read_only) == 0);
}

Steps try_mounts() {
    return {
        .mounts = copy_root_read_only(),
        .temporary = errno_of(::mount("rehang", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, nullptr) == 0),
        .proc = errno_of(::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0)};
}

Ability user_namespaces() {
    auto child = clone_into_namespaces(CLONE_NEWUSER);
    if (child && child->pid == 0) ::_exit(0);
    if (child) reap(child->pid);
    return {.name = "user namespaces",
            .ok = child.has_value(),
            .detail = child ? (::geteuid() == 0 ? "as root" : "as an ordinary user") : child.error().what,
            .fix = child ? "" : child.error().hint};
}

// The six kinds in one clone, ids mapped, and the mounts tried inside.
Expected<Steps> try_sandbox() {
    int go[2];
    int result[2];
    if (::pipe2(go, O_CLOEXEC) != 0) return failure("can't make a pipe");
    UniqueFd go_read(go[0]);
    UniqueFd go_write(go[1]);
    if (::pipe2(result, O_CLOEXEC) != 0) return failure("can't make a pipe");
    const UniqueFd result_read(result[0]);
    UniqueFd result_write(result[1]);

    auto child = clone_into_namespaces(sandbox_namespaces);
    if (!child) return std::unexpected(child.error());
    if (child->pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        go_write.reset();
        char byte = 0;
        if (::read(go_read.get(), &byte, 1) != 1) ::_exit(1);
        const Steps steps = try_mounts();
        ::_exit(::write(result_write.get(), &steps, sizeof steps) == ssize_t{sizeof steps} ? 0 : 1);
    }
    result_write.reset();
    const auto mapped = map_own_ids(child->pid);
    if (mapped) static_cast<void>(!::write(go_write.get(), "g", 1));
    go_write.reset();
    Steps steps;
    const bool answered = ::read(result_read.get(), &steps, sizeof steps) == ssize_t{sizeof steps};
    reap(child->pid);
    if (!mapped) return std::unexpected(mapped.error());
    if (!answered) return failure("the trial in new namespaces ended without an answer", ECHILD);
    return steps;
}

}  // namespace

std::vector<Ability> probe_namespaces() {
    std::vector<Ability> abilities{user_namespaces()};
    const auto steps = try_sandbox();
    abilities.push_back({.name = "sandbox namespaces",
                         .ok = steps.has_value(),
                         .detail = steps ? "user, pid, mount, network, IPC and UTS" : steps.error().what,
                         .fix = steps                        ? ""
                                : steps.error().hint.empty() ? namespace_fix(0)
                                                             : steps.error().hint});
    if (!steps) return abilities;
    const auto add = [&abilities](std::string name, int error, std::string seen) {
        abilities.push_back(ability_from(std::move(name), error, std::move(seen), namespace_fix(error)));
    };
    add("read-only view of the host", steps->mounts, "mount_setattr on a copy of all mounts");
    add("private folders", steps->temporary, "tmpfs in a user namespace");
    add("own /proc", steps->proc, "a proc of the new pid namespace");
    return abilities;
}

}  // namespace rehang
