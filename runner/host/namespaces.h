// New Linux namespaces (namespaces(7)) in one clone3(2), as the sandbox needs them and as the host's probes
// try them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace rehang {

// User, pid, mount, network, IPC and UTS (CLONE_NEW… flags): what a sandbox consists of.
extern const std::uint64_t sandbox_namespaces;

struct ClonedProcess {
    pid_t pid = -1;  // 0 in the child
    UniqueFd pidfd;  // only in the parent; close-on-exec
};

// Returns twice, as fork(2) does. The child is the caller's, ends with SIGCHLD, and has no ids (65534) until
// the parent maps them. The caller has one thread: nothing of the C library's locks is repaired in the child.
// Errors: unsupported where the host forbids these namespaces, with the setting that allows them.
Expected<ClonedProcess> clone_into_namespaces(std::uint64_t flags);

// Inside, user and group 0 stand for the caller's effective ids, and nobody else exists. setgroups(2) is
// denied, which is the kernel's condition for a group map without privileges (user_namespaces(7)).
Expected<void> map_own_ids(pid_t child);

// This process is a target of another rehang: it has no capabilities, and its tracer is out of sight.
bool is_target_of_rehang();

// What to change on this host when making namespaces, or using the capabilities inside of them, failed with
// this errno value.
std::string namespace_fix(int errno_value);
// errno's text after "WHAT: ": unsupported, with its fix, if errno is what a host says that forbids it;
// failed otherwise.
std::unexpected<Error> namespace_failure(std::string_view what);

}  // namespace rehang
