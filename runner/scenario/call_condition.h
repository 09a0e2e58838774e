// What can be asked about a system call before it is made, beyond what the kernel's filter compares
// (argument_text.h). The runner finds it out by reading the caller's memory and descriptors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scenario/argument_text.h"

namespace rehang {

// An argument lies between the two, both included; compared unsigned, as wide as the argument is.
struct ArgumentRange {
    unsigned index = 0;
    std::uint64_t mask = 0;  // the bits that count: its width
    std::uint64_t least = 0, most = 0;
    auto operator<=>(const ArgumentRange&) const = default;
};

// One of the paths that the call names fits a pattern (fnmatch(3)); relative ones are taken from the folder
// that they start in, as the caller sees it. "." and ".." are resolved, symbolic links are not followed.
struct PathCondition {
    struct Argument {
        unsigned path = 0;               // index of the pointer
        std::optional<unsigned> folder;  // index of the descriptor that a relative one starts in; none: cwd
        auto operator<=>(const Argument&) const = default;
    };
    std::vector<Argument> arguments;
    std::string pattern;
    auto operator<=>(const PathCondition&) const = default;
};

// A descriptor is open on something: a pattern (fnmatch(3)) for one of its names. A file has its path; others
// what /proc/PID/fd shows ("anon_inode:kvm-vm") and their kind ("pipe", "socket", "anon_inode"); a socket
// also its own and its peer's address ("tcp:127.0.0.1:80", "unix:/run/x.sock", "unix:@name", "udp:[::1]:53").
struct DescriptorCondition {
    unsigned index = 0;
    std::string pattern;
    auto operator<=>(const DescriptorCondition&) const = default;
};

// What the call is about to write begins with these bytes.
struct BufferCondition {
    unsigned buffer = 0;              // index of the pointer: to the bytes, or to a struct iovec
    std::optional<unsigned> size;     // index of the number of bytes; none: `buffer` is a struct iovec array
    std::optional<unsigned> vectors;  // with iovec: index of how many
    std::string prefix;
    auto operator<=>(const BufferCondition&) const = default;
};

// A member of the struct that an argument points to, in the caller's byte order.
struct MemberCondition {
    unsigned index = 0;   // of the pointer
    unsigned offset = 0;  // of the member
    unsigned size = 0;    // of the member: 1, 2, 4 or 8
    std::uint64_t mask = 0, value = 0;
    auto operator<=>(const MemberCondition&) const = default;
};

// The call is about a device, real or fake: its descriptor is open on it, or on what an ioctl of it has
// handed out (of /dev/kvm a VM or a vCPU), or it names the device's path.
struct DeviceCondition {
    std::optional<unsigned> descriptor;  // index
    std::vector<PathCondition::Argument> paths;
    std::string device;
    auto operator<=>(const DeviceCondition&) const = default;
};

using CallCondition = std::variant<ArgumentRange, PathCondition, DescriptorCondition, BufferCondition,
                                   MemberCondition, DeviceCondition>;

// A call, and all that must hold for it.
struct CallSelector {
    int number = 0;
    std::vector<ArgumentCondition> arguments;  // the kernel's filter compares these
    std::vector<CallCondition> more;           // the runner
    auto operator<=>(const CallSelector&) const = default;
};

}  // namespace rehang
