// What a device model is: it answers the ioctls of a device that is not there. Models run in the runner,
// never in the target; they make no system call, and know nothing of how a call comes to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/duration.h"

namespace rehang::fakes {

// The memory of the process that made the call, by that process's addresses. False if not all of it is there
// (or may not be written): the call then gives EFAULT, as the kernel's copy_from_user() would make it.
class Memory {
  public:
    virtual ~Memory() = default;
    virtual bool read(std::uint64_t address, std::span<std::byte> into) const = 0;
    virtual bool write(std::uint64_t address, std::span<const std::byte> bytes) = 0;
};

// ioctl(2). A request is 32 bits wide, whatever its C type (Linux, fs/ioctl.c).
struct Ioctl {
    std::uint32_t request = 0;
    std::uint64_t argument = 0;
};

class File;

// What becomes of a call.
struct Answer {
    std::int64_t value = 0;  // what it gives: a result, or -errno
    // A new descriptor for the caller, close-on-exec. Its number is the call's result, or is written as an
    // int to `number_at`, where `value` is the result.
    std::shared_ptr<File> opens = nullptr;
    std::optional<std::uint64_t> number_at = std::nullopt;
    // The call waits until a signal comes, and gives EINTR then. Only for one of waiting_requests().
    bool waits = false;
    // The caller gets the answer this much later. Only for one of waiting_requests(), too.
    Duration delay{0};
    // The model has no such request; `value` is -ENOTTY then. The report lists it.
    bool unknown = false;
    // What the report says of the call besides its request and result: "type=7 flags=1"; may be empty.
    std::string detail = {};
};

// One open file: the device itself, or what one of its calls has handed out (a VM, a vCPU). Those that share
// state own it together. All calls come on one thread.
class File {
  public:
    virtual ~File() = default;
    // "kvm", "vm", "vcpu 1": for the report.
    virtual std::string name() const = 0;
    virtual Answer ioctl(const Ioctl& call, Memory& memory) = 0;
    // How many bytes of it can be mapped; 0: none.
    virtual std::size_t mapped_size() const { return 0; }
    // Before the first call, if it can be mapped: those bytes, shared with whoever maps the descriptor. They
    // outlive the file.
    virtual void share(std::span<std::byte> mapped) { static_cast<void>(mapped); }
};

class Device {
  public:
    virtual ~Device() = default;
    // One more open(2) of the device's path. `value` is -errno, or `opens` is there.
    virtual Answer open(int flags) = 0;
    // Requests that may have to wait, for a signal or for some time: they must come in a way that signals can
    // interrupt.
    virtual std::vector<std::uint32_t> waiting_requests() const { return {}; }
};

}  // namespace rehang::fakes
