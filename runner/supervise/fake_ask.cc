#include "supervise/fake_ask.h"

#include <sys/syscall.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstddef>

#include "protocol.h"
#include "supervise/tracee.h"

namespace rehang {

namespace {

std::int64_t answer(const FakeAsk& ask, std::uint32_t state, std::int64_t result) {
    const bool written =
        write_memory(ask.tid, ask.message + offsetof(rehang_ask, result), &result, sizeof result) &&
        write_memory(ask.tid, ask.message + offsetof(rehang_ask, state), &state, sizeof state);
    return written ? 0 : -EFAULT;
}

}  // namespace

std::int64_t FakeAsk::give(std::int64_t result) const {
    return answer(*this, REHANG_ASK_ANSWERED, result);
}

std::int64_t FakeAsk::refuse() const {
    return answer(*this, REHANG_ASK_NOT_MINE, 0);
}

std::int64_t FakeAsk::ask_for_a_stop() const {
    return answer(*this, REHANG_ASK_STOP, 0);
}

std::optional<FakeAsk> fake_ask_of(pid_t tid, const SystemCall& call, const ReadsMemory& reads) {
    if (call.number != SYS_pwritev || call.convention != Convention::x86_64) return std::nullopt;
    const std::uint64_t offset = call.arguments[3];
    if (offset != REHANG_ASK_NOTIFIED && offset != REHANG_ASK_STOPPED) return std::nullopt;
    iovec vector{};
    rehang_ask ask{};
    if (!reads(call.arguments[1], &vector, sizeof vector) || vector.iov_len != sizeof ask)
        return std::nullopt;
    const auto message = reinterpret_cast<std::uint64_t>(vector.iov_base);
    if (!reads(message, &ask, sizeof ask) || ask.magic != REHANG_ASK_MAGIC) return std::nullopt;
    FakeAsk asked{.tid = tid,
                  .message = message,
                  .base = message - ask.self,
                  .stopped = offset == REHANG_ASK_STOPPED,
                  .call = {},
                  .guest_argument = ask.argument};
    asked.call.number = asked.call.called = SYS_ioctl;
    asked.call.arguments = {call.arguments[0], ask.request, ask.argument + asked.base};
    return asked;
}

std::optional<FakeAsk> fake_ask_of(pid_t tid, const SystemCall& call) {
    return fake_ask_of(tid, call, [tid](std::uint64_t address, void* into, size_t size) {
        return read_memory(tid, address, into, size);
    });
}

}  // namespace rehang
