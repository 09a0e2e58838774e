// Both sides of fakes/protocol.h. Any bytes as the memory and the call of a program that says it is a client:
// the runner reads nothing that is not there, and believes nothing that is no message. And any bytes as the
// answers to the real client: its ioctl ends, and gives what it was told or what the kernel gives.
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "bytes.h"
#include "protocol.h"
#include "supervise/fake_ask.h"
#include "supervise/fake_link.h"
#include "supervise/guest_message.h"

extern "C" int client_ioctl(int fd, unsigned long request, ...);

using namespace rehang;
using fuzz::Bytes;

namespace {

constexpr auto offsets = std::to_array<std::uint64_t>(
    {REHANG_ASK_NOTIFIED, REHANG_ASK_STOPPED, REHANG_HOOKS_WANTED, REHANG_POINT_REACHED});

// The caller's memory, from here on: an iovec, what it leads to, and the rest.
constexpr std::uint64_t memory_at = 0x10000;

// A program that has no client, and speaks as if it had.
void hear_a_program(Bytes bytes) {
    SystemCall call;
    const std::uint8_t how = bytes.byte();
    call.number = call.called = (how & 0x80) != 0 ? SYS_ioctl : SYS_pwritev;
    call.convention = (how & 0x40) != 0 ? Convention::i386 : Convention::x86_64;
    call.arguments = {bytes.byte(), memory_at + bytes.byte(), 1,
                      (how & 0x20) != 0 ? bytes.number<std::uint64_t>() : offsets[how % offsets.size()]};
    // What it leads to is at any place, or where there is memory.
    const auto memory = bytes.rest();
    std::size_t read = 0;
    const ReadsMemory reads = [&](std::uint64_t address, void* into, std::size_t size) {
        read += size;
        if (address < memory_at || address - memory_at > memory.size() ||
            size > memory.size() - (address - memory_at))
            return false;
        if (size > 0) std::memcpy(into, memory.data() + (address - memory_at), size);
        return true;
    };
    const auto ask = fake_ask_of(1, call, reads);
    const auto message = guest_message_of(call, reads);
    REHANG_CHECK(read <= 2 * sizeof(iovec) + sizeof(rehang_ask) + sizeof(rehang_reached));
    REHANG_CHECK(!ask || !message);
    REHANG_CHECK((call.number == SYS_pwritev && call.convention == Convention::x86_64) || (!ask && !message));
    if (ask) {
        REHANG_CHECK(ask->message >= memory_at &&
                     ask->message + sizeof(rehang_ask) <= memory_at + memory.size());
        REHANG_CHECK(ask->call.number == SYS_ioctl && ask->call.arguments[0] == call.arguments[0]);
        REHANG_CHECK(ask->call.arguments[1] <= UINT32_MAX);
        REHANG_CHECK(ask->call.arguments[2] == ask->guest_argument + ask->base);
    }
}

// What the client is answered, by the calls that it makes.
struct Runner {
    Bytes bytes;
    int fd = 0;
    std::uint32_t request = 0;
    std::uint64_t argument = 0;
    unsigned asked = 0, stopped = 0, made = 0;
    std::uint32_t last_state = REHANG_ASK_UNASKED;
    std::int64_t last_result = 0;
};
Runner* runner;

constexpr long made_ioctl = 77;

bool reads_own_memory(std::uint64_t address, void* into, std::size_t size) {
    std::memcpy(into, reinterpret_cast<const void*>(address), size);
    return true;
}

long answer(int fd, const iovec* vector, std::uint64_t offset, std::uint64_t high) {
    const bool stopped = offset == REHANG_ASK_STOPPED;
    REHANG_CHECK(high == offset >> 32);
    SystemCall call;
    call.number = call.called = SYS_pwritev;
    call.arguments = {static_cast<std::uint64_t>(fd), reinterpret_cast<std::uint64_t>(vector), 1, offset};
    const auto ask = fake_ask_of(1, call, reads_own_memory);
    REHANG_CHECK(ask && ask->base == 0 && ask->stopped == stopped);
    REHANG_CHECK(ask->call.arguments[1] == runner->request && ask->guest_argument == runner->argument);
    REHANG_CHECK(!guest_message_of(call, reads_own_memory));
    REHANG_CHECK(!stopped || runner->last_state == REHANG_ASK_STOP);
    ++(stopped ? runner->stopped : runner->asked);
    rehang_ask message{};
    std::memcpy(&message, vector->iov_base, sizeof message);
    const std::uint8_t how = runner->bytes.byte();
    if (how == 0xff && !runner->bytes.rest().empty()) {  // a signal comes first
        errno = EINTR;
        return -1;
    }
    // The answers of the protocol, or anything.
    message.state = (how & 0x10) != 0 ? runner->bytes.number<std::uint32_t>() : how % 4;
    message.result = runner->bytes.number<std::int64_t>();
    std::memcpy(vector->iov_base, &message, sizeof message);
    runner->last_state = message.state;
    runner->last_result = message.result;
    errno = (how & 0x20) != 0 ? EINTR : EINVAL;
    return (how & 0x40) != 0 ? 0 : -1;
}

void answer_the_client(Bytes bytes) {
    Runner it{.bytes = bytes};
    it.fd = static_cast<std::int8_t>(it.bytes.byte());
    it.request = it.bytes.number<std::uint32_t>();
    it.argument = it.bytes.number<std::uint64_t>();
    runner = &it;
    errno = ENOANO;
    const int result = client_ioctl(it.fd, it.request, it.argument);
    const int error = errno;
    runner = nullptr;
    REHANG_CHECK(it.asked >= 1);
    if (it.last_state != REHANG_ASK_ANSWERED) {
        REHANG_CHECK(it.made == 1 && result == made_ioctl);
        return;
    }
    REHANG_CHECK(it.made == 0);
    if (it.last_result >= 0) {
        REHANG_CHECK(result == static_cast<int>(it.last_result) && error == ENOANO);
    } else {
        REHANG_CHECK(result == -1);
        REHANG_CHECK(it.last_result < -4095 || error == -it.last_result);
    }
}

// A descriptor's name, as /proc shows it.
void read_a_link(Bytes bytes) {
    const auto rest = bytes.rest();
    const std::string text(rest.begin(), rest.end());
    for (const std::string& link : {text, "/memfd:rehang:" + text}) {
        const auto fake = fake_of_link(link);
        if (!fake) continue;
        REHANG_CHECK(!fake->name_of_real_one().empty() || fake->device.empty());
        const std::string name = fake->memory_file_name();
        REHANG_CHECK(name.size() <= 249);
        const auto back = fake_of_link("/memfd:" + name);
        REHANG_CHECK(name.size() == 249 || (back && back->number == fake->number));
    }
}

}  // namespace

extern "C" long fuzzer_syscall(long number, ...) {
    std::va_list list;
    va_start(list, number);
    const int fd = va_arg(list, int);
    if (number == SYS_ioctl) {
        REHANG_CHECK(fd == runner->fd && va_arg(list, std::uint32_t) == runner->request);
        REHANG_CHECK(va_arg(list, unsigned long) == runner->argument);
        va_end(list);
        ++runner->made;
        return made_ioctl;
    }
    REHANG_CHECK(number == SYS_pwritev);
    const iovec* const vector = va_arg(list, const iovec*);
    REHANG_CHECK(va_arg(list, long) == 1);
    const auto offset = va_arg(list, unsigned long), high = va_arg(list, unsigned long);
    va_end(list);
    return answer(fd, vector, offset, high);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes({data, size});
    switch (bytes.byte() % 3) {
        case 0:
            hear_a_program(bytes);
            break;
        case 1:
            answer_the_client(bytes);
            break;
        default:
            read_a_link(bytes);
            break;
    }
    return 0;
}
