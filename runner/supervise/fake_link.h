// The descriptors of fakes are memory files, and their names say of what: everybody who sees a target's
// descriptor in /proc can tell, also after dup(2), fork(2), execve(2) and SCM_RIGHTS. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rehang {

struct FakeLink {
    std::uint64_t number = 0;  // of the open file, in its run
    std::string device;        // "/dev/kvm"
    std::string file;          // what it is of it: "vm", "vcpu 1"; empty: the device itself

    // For memfd_create(2).
    std::string memory_file_name() const;
    // What /proc/PID/fd shows for the same of a real device: "/dev/kvm", "anon_inode:kvm-vm",
    // "anon_inode:kvm-vcpu:1".
    std::string name_of_real_one() const;
};

// `link` is what /proc/PID/fd shows. Nothing if it is none of a fake's; a target that gives memory files of
// its own such names fools itself.
std::optional<FakeLink> fake_of_link(std::string_view link);

}  // namespace rehang
