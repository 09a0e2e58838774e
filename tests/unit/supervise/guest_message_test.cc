#include "supervise/guest_message.h"

#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>

#include "catch.h"
#include "protocol.h"

namespace rehang {
namespace {

constexpr std::uint64_t vector_at = 0x7f0000001000, message_at = 0x7f0000002000, guest_at = 0x5500002000,
                        base = message_at - guest_at;
constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();

// What a process has in memory, a piece at each of some addresses.
class Memory {
  public:
    template <class T>
    void put(std::uint64_t address, const T& value, size_t size = sizeof(T)) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(&value);
        pieces_[address].assign(bytes, bytes + size);
    }
    bool read(std::uint64_t address, void* into, size_t size) {
        most_read = std::max(most_read, size);
        const auto piece = pieces_.find(address);
        if (piece == pieces_.end() || piece->second.size() < size) return false;
        std::memcpy(into, piece->second.data(), size);
        return true;
    }
    size_t most_read = 0;

  private:
    std::map<std::uint64_t, std::vector<unsigned char>> pieces_;
};

SystemCall call_at(std::uint64_t offset) {
    SystemCall call;
    call.number = SYS_pwritev;
    call.arguments = {everything, vector_at, 1, offset, 0, 0};
    return call;
}

std::optional<GuestMessage> understood(Memory& memory, const SystemCall& call) {
    return guest_message_of(call, [&](std::uint64_t address, void* into, size_t size) {
        return memory.read(address, into, size);
    });
}

Memory points_to(std::uint64_t address, std::uint64_t size) {
    Memory memory;
    memory.put(vector_at, std::pair(address, size));
    return memory;
}
static_assert(sizeof(std::pair<std::uint64_t, std::uint64_t>) == sizeof(iovec));

template <class Message>
Memory holding(const Message& message) {
    Memory memory = points_to(message_at, sizeof message);
    memory.put(message_at, message);
    return memory;
}

rehang_hooks offer() {
    return {.magic = REHANG_ASK_MAGIC,
            .self = guest_at,
            .entries = 0x5500010000,
            .originals = 0x5500020000,
            .entry_size = 16,
            .count = 256};
}

rehang_reached arrival() {
    return {.magic = REHANG_ASK_MAGIC,
            .self = guest_at,
            .index = 3,
            .arguments = {1, 2, 3, 4, 5, 6, 7, 8},
            .returns_to = 0x5500030000,
            .stack = 0x5500040000,
            .frame = 0x5500040010};
}

TEST_CASE("a client's offer of entries is understood") {
    Memory memory = holding(offer());
    const auto message = understood(memory, call_at(REHANG_HOOKS_WANTED));
    REQUIRE(message);
    const auto* wanted = std::get_if<GuestHooksWanted>(&*message);
    REQUIRE(wanted);
    CHECK(wanted->base == base);
    CHECK(wanted->entries == 0x5500010000);  // as the guest has it
    CHECK(wanted->originals == 0x5500020000);
    CHECK(wanted->entry_size == 16);
    CHECK(wanted->count == 256);
}

TEST_CASE("a thread before a function has the host's addresses") {
    Memory memory = holding(arrival());
    const auto message = understood(memory, call_at(REHANG_POINT_REACHED));
    REQUIRE(message);
    const auto* reached = std::get_if<GuestCall>(&*message);
    REQUIRE(reached);
    CHECK(reached->base == base);
    CHECK(reached->index == 3);
    CHECK(reached->arguments.front() == base + 1);
    CHECK(reached->arguments.back() == base + 6);
    CHECK(reached->returns_to == base + 0x5500030000);
    CHECK(reached->stack == base + 0x5500040000);
    CHECK(reached->frame == base + 0x5500040010);
}

TEST_CASE("a message of another size is none, and is not read") {
    for (const std::uint64_t size :
         {std::uint64_t{0}, std::uint64_t{1}, sizeof(rehang_hooks) - 1, sizeof(rehang_hooks) + 1,
          sizeof(rehang_reached), std::uint64_t{4096}, std::uint64_t{1} << 32 | sizeof(rehang_hooks),
          std::uint64_t{1} << 63, everything}) {
        INFO(size);
        Memory memory = points_to(message_at, size);
        memory.put(message_at, arrival());
        CHECK_FALSE(understood(memory, call_at(REHANG_HOOKS_WANTED)));
        CHECK(memory.most_read == sizeof(iovec));
    }
    Memory hooks = holding(offer());
    CHECK_FALSE(understood(hooks, call_at(REHANG_POINT_REACHED)));
    Memory reached = holding(arrival());
    CHECK_FALSE(understood(reached, call_at(REHANG_HOOKS_WANTED)));
}

TEST_CASE("a message that does not begin as one, or is of another version, is none") {
    for (const std::uint64_t magic :
         {std::uint64_t{0}, everything, REHANG_ASK_MAGIC ^ 1, std::uint64_t{0x0002726568616e67},
          REHANG_HOOKS_WANTED, __builtin_bswap64(REHANG_ASK_MAGIC)}) {
        INFO(magic);
        rehang_hooks hooks = offer();
        rehang_reached reached = arrival();
        hooks.magic = reached.magic = magic;
        Memory first = holding(hooks);
        CHECK_FALSE(understood(first, call_at(REHANG_HOOKS_WANTED)));
        Memory second = holding(reached);
        CHECK_FALSE(understood(second, call_at(REHANG_POINT_REACHED)));
    }
}

TEST_CASE("at other offsets there are no messages about functions, and nothing is read") {
    for (const std::uint64_t offset :
         {std::uint64_t{0}, everything, REHANG_ASK_NOTIFIED, REHANG_ASK_STOPPED, REHANG_ASK_MAGIC,
          std::uint64_t{0x8005726568616e67}, REHANG_HOOKS_WANTED & 0xffffffff}) {
        INFO(offset);
        Memory memory = holding(offer());
        CHECK_FALSE(understood(memory, call_at(offset)));
        CHECK(memory.most_read == 0);
    }
}

TEST_CASE("other calls, and those of other conventions, are no messages") {
    Memory memory = holding(offer());
    SystemCall call = call_at(REHANG_HOOKS_WANTED);
    for (const int number : {SYS_pwrite64, SYS_preadv, SYS_writev, SYS_pwritev2, -1}) {
        call.number = number;
        CHECK_FALSE(understood(memory, call));
    }
    call.number = SYS_pwritev;
    for (const Convention convention : {Convention::x32, Convention::i386}) {
        call.convention = convention;
        CHECK_FALSE(understood(memory, call));
    }
    CHECK(memory.most_read == 0);
}

TEST_CASE("a message that is not there, or not all of it, is none") {
    Memory nothing;
    CHECK_FALSE(understood(nothing, call_at(REHANG_HOOKS_WANTED)));

    Memory half_a_vector;
    half_a_vector.put(vector_at, message_at, sizeof message_at);
    CHECK_FALSE(understood(half_a_vector, call_at(REHANG_HOOKS_WANTED)));

    for (const std::uint64_t address : {std::uint64_t{0}, message_at, everything, everything - 8}) {
        Memory nowhere = points_to(address, sizeof(rehang_hooks));
        CHECK_FALSE(understood(nowhere, call_at(REHANG_HOOKS_WANTED)));
    }
    Memory cut = points_to(message_at, sizeof(rehang_reached));
    cut.put(message_at, arrival(), sizeof(rehang_reached) - 1);
    CHECK_FALSE(understood(cut, call_at(REHANG_POINT_REACHED)));
}

TEST_CASE("numbers in a message may be any: they are passed on, and addresses wrap") {
    rehang_hooks hooks = offer();
    hooks.self = everything;
    hooks.entries = hooks.originals = everything;
    hooks.entry_size = hooks.count = std::numeric_limits<std::uint32_t>::max();
    Memory memory = holding(hooks);
    const auto offered = understood(memory, call_at(REHANG_HOOKS_WANTED));
    REQUIRE(offered);
    const auto& wanted = std::get<GuestHooksWanted>(*offered);
    CHECK(wanted.base == message_at + 1);
    CHECK(wanted.entries == everything);
    CHECK(wanted.count == std::numeric_limits<std::uint32_t>::max());

    rehang_reached reached = arrival();
    std::memset(&reached, 0xff, sizeof reached);
    reached.magic = REHANG_ASK_MAGIC;
    memory = holding(reached);
    const auto arrived = understood(memory, call_at(REHANG_POINT_REACHED));
    REQUIRE(arrived);
    const auto& call = std::get<GuestCall>(*arrived);
    CHECK(call.index == everything);
    CHECK(call.stack == message_at);  // base + self
    CHECK(call.arguments.front() == message_at);
}

}  // namespace
}  // namespace rehang
