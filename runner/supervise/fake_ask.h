// The runner's side of fakes/protocol.h: an ioctl that a client inside a program under qemu-user asks about.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "supervise/guest_message.h"
#include "supervise/system_call.h"

namespace rehang {

struct FakeAsk {
    pid_t tid = 0;              // of the host's process
    std::uint64_t message = 0;  // where it lies there
    std::uint64_t base = 0;     // what is added to the guest's addresses
    bool stopped = false;       // the thread was to be stopped for it
    // As the ioctl that it stands for; the argument is an address of the host, if it is an address.
    SystemCall call;
    std::uint64_t guest_argument = 0;

    // Each returns what the call itself gives: 0, or -EFAULT if the message is not there any more.
    std::int64_t give(std::int64_t result) const;
    std::int64_t refuse() const;  // the descriptor is none of a fake's
    std::int64_t ask_for_a_stop() const;
};

// Nothing if the call is none of these.
std::optional<FakeAsk> fake_ask_of(pid_t tid, const SystemCall& call);
// Pure.
std::optional<FakeAsk> fake_ask_of(pid_t tid, const SystemCall& call, const ReadsMemory& reads);

}  // namespace rehang
