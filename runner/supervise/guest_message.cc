#include "supervise/guest_message.h"

#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>

#include "protocol.h"
#include "supervise/tracee.h"

namespace rehang {
namespace {

// The message, and where it lies in the host's process.
template <class Message>
std::optional<std::pair<Message, std::uint64_t>> message_in(const SystemCall& call,
                                                            const ReadsMemory& reads) {
    iovec vector{};
    Message message{};
    if (!reads(call.arguments[1], &vector, sizeof vector) || vector.iov_len != sizeof message)
        return std::nullopt;
    const auto at = reinterpret_cast<std::uint64_t>(vector.iov_base);
    if (!reads(at, &message, sizeof message) || message.magic != REHANG_ASK_MAGIC) return std::nullopt;
    return std::pair(message, at);
}

std::optional<GuestMessage> hooks_wanted(const SystemCall& call, const ReadsMemory& reads) {
    const auto found = message_in<rehang_hooks>(call, reads);
    if (!found) return std::nullopt;
    const auto& [message, at] = *found;
    return GuestHooksWanted{.base = at - message.self,
                            .entries = message.entries,
                            .originals = message.originals,
                            .entry_size = message.entry_size,
                            .count = message.count};
}

std::optional<GuestMessage> point_reached(const SystemCall& call, const ReadsMemory& reads) {
    const auto found = message_in<rehang_reached>(call, reads);
    if (!found) return std::nullopt;
    const auto& [message, at] = *found;
    const std::uint64_t base = at - message.self;
    GuestCall reached{.base = base,
                      .index = message.index,
                      .arguments = {},
                      .returns_to = base + message.returns_to,
                      .stack = base + message.stack,
                      .frame = base + message.frame};
    std::transform(message.arguments, message.arguments + reached.arguments.size(), reached.arguments.begin(),
                   [base](std::uint64_t argument) { return base + argument; });
    return reached;
}

}  // namespace

std::optional<GuestMessage> guest_message_of(const SystemCall& call, const ReadsMemory& reads) {
    if (call.number != SYS_pwritev || call.convention != Convention::x86_64) return std::nullopt;
    switch (call.arguments[3]) {
        case REHANG_HOOKS_WANTED:
            return hooks_wanted(call, reads);
        case REHANG_POINT_REACHED:
            return point_reached(call, reads);
        default:
            return std::nullopt;
    }
}

std::optional<GuestMessage> guest_message_of(pid_t tid, const SystemCall& call) {
    return guest_message_of(call, [tid](std::uint64_t address, void* into, size_t size) {
        return read_memory(tid, address, into, size);
    });
}

}  // namespace rehang
