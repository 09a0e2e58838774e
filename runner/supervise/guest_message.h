// The runner's side of fakes/protocol.h about points in a guest of qemu-user: what a client tells.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <variant>

#include "supervise/system_call.h"

namespace rehang {

// A client has entries to put before functions. Addresses are the guest's.
struct GuestHooksWanted {
    std::uint64_t base = 0;  // what is added to the guest's addresses
    std::uint64_t entries = 0, originals = 0;
    std::uint32_t entry_size = 0, count = 0;
};

// A thread is about to call a function. Addresses, and what else the arguments may be, as if all of them were
// addresses, are the host's.
struct GuestCall {
    std::uint64_t base = 0;
    std::uint64_t index = 0;  // of the entry; as the guest has it, so maybe nonsense
    std::array<std::uint64_t, 6> arguments{};
    std::uint64_t returns_to = 0, stack = 0, frame = 0;
};

using GuestMessage = std::variant<GuestHooksWanted, GuestCall>;

// Nothing if the call is none of these.
std::optional<GuestMessage> guest_message_of(pid_t tid, const SystemCall& call);

// From the memory of the process that makes the call; false if not all of it is there.
using ReadsMemory = std::function<bool(std::uint64_t address, void* into, size_t size)>;
// Pure.
std::optional<GuestMessage> guest_message_of(const SystemCall& call, const ReadsMemory& reads);

}  // namespace rehang
