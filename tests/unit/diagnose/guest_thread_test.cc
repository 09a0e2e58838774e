#include "diagnose/guest_thread.h"

#include <sys/syscall.h>

#include <cstring>
#include <limits>
#include <map>

#include "catch.h"

using namespace rehang;

namespace {

constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t stack_start = 0x7f0000100000, stack_end = stack_start + 0x10000;
constexpr std::uint64_t heap_start = 0x560000000000, heap_end = heap_start + 0x10000;
constexpr std::uint64_t guest_base = 0x7e0000000000;
constexpr std::uint64_t code_start = guest_base + 0x10000, code_end = code_start + 0x1000;
constexpr std::uint64_t guest_stack_start = guest_base + 0x20000,
                        guest_stack_end = guest_stack_start + 0x1000;
constexpr std::uint64_t cpu = heap_start + 0x1000;
constexpr std::uint32_t svc = 0xd4000001;

elf::Mapping mapping(std::uint64_t start, std::uint64_t end, const std::string& path, bool writable) {
    elf::Mapping made;
    made.start = start;
    made.end = end;
    made.path = path;
    made.readable = true;
    made.writable = writable;
    return made;
}

// A thread of qemu-user in a call that it makes for its guest: what is in its memory, and where.
struct Thread {
    std::vector<elf::Mapping> mappings = {mapping(heap_start, heap_end, "[heap]", true),
                                          mapping(code_start, code_end, "/lib/libc.so.6", false),
                                          mapping(guest_stack_start, guest_stack_end, "", true),
                                          mapping(stack_start, stack_end, "[stack]", true)};
    std::map<std::uint64_t, std::vector<unsigned char>> contents;
    // The guest waits for a word of its stack.
    HostCall call = {
        .number = SYS_futex, .args = {guest_base + 0x20100, 0, 2, 0, 0, 0}, .sp = stack_start + 0x800};
    size_t reads = 0;

    Thread() {
        for (const elf::Mapping& each : mappings) contents[each.start].resize(each.end - each.start);
        put(code_start + 0x100, svc);
        put_cpu(cpu, 0x20100, 0x20800, 0x10104);
        put(call.sp + 0x200, cpu);
    }
    template <class T>
    void put(std::uint64_t address, T value) {
        auto& [start, bytes] = *std::prev(contents.upper_bound(address));
        REQUIRE(address - start + sizeof value <= bytes.size());
        std::memcpy(bytes.data() + (address - start), &value, sizeof value);
    }
    void put_cpu(std::uint64_t at, std::uint64_t x0, std::uint64_t sp, std::uint64_t pc) {
        put(at + 64, x0);
        put(at + 64 + std::uint64_t{30} * 8, std::uint64_t{0x10200});  // the link register
        put(at + 64 + std::uint64_t{31} * 8, sp);
        put(at + 64 + std::uint64_t{32} * 8, pc);
    }
    std::vector<unsigned char> memory_at(std::uint64_t address, size_t size) {
        ++reads;
        const auto next = contents.upper_bound(address);
        if (next == contents.begin()) return {};
        const auto& [start, bytes] = *std::prev(next);
        if (address - start >= bytes.size()) return {};
        const size_t there = std::min<size_t>(size, bytes.size() - (address - start));
        const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(address - start);
        return {first, first + static_cast<std::ptrdiff_t>(there)};
    }
    std::optional<elf::GuestRegisters> registers() {
        return guest_registers_at([this](std::uint64_t at, size_t size) { return memory_at(at, size); },
                                  mappings, call);
    }
};

}  // namespace

TEST_CASE("a program is run by qemu-user for arm64 if it executes that") {
    const auto runs = [](const std::string& path, bool executable) {
        elf::Mapping program = mapping(0x1000, 0x2000, path, false);
        program.executable = executable;
        return runs_arm64_guest({program});
    };
    CHECK(runs("/usr/bin/qemu-aarch64", true));
    CHECK(runs("/usr/bin/qemu-aarch64-static", true));
    CHECK_FALSE(runs("/usr/bin/qemu-aarch64", false));    // only read: a copy of it is made, say
    CHECK_FALSE(runs("/usr/bin/qemu-aarch64_be", true));  // the other byte order
    CHECK_FALSE(runs("/usr/bin/qemu-arm", true));
    CHECK_FALSE(runs("/usr/bin/qemu-system-aarch64", true));
    CHECK_FALSE(runs("/usr/bin/qemu-aarch64/true", true));
    CHECK_FALSE(runs("", true));
    CHECK_FALSE(runs_arm64_guest({}));
}

TEST_CASE("a guest's registers are found by a pointer to them on the stack") {
    Thread thread;
    const auto registers = thread.registers();
    REQUIRE(registers);
    CHECK(registers->base == guest_base);
    CHECK(registers->x[0] == 0x20100);
    CHECK(registers->x[30] == 0x10200);
    CHECK(registers->sp == 0x20800);
    CHECK(registers->pc == 0x10104);
}

TEST_CASE("the base is what any argument has more than the guest's, or none") {
    Thread thread;
    thread.call.number = SYS_read;
    thread.call.args = {0, guest_base + 0x20200, 1, 0, 0, 0};
    thread.put(cpu + 64, std::uint64_t{0});
    thread.put(cpu + 64 + 8, std::uint64_t{0x20200});
    REQUIRE(thread.registers());
    CHECK(thread.registers()->base == guest_base);
    // qemu-user without an offset: the guest's addresses are the host's.
    thread.call.args = {0, guest_base + 0x20200, 1, 0, 0, 0};
    thread.put(cpu + 64 + 8, guest_base + 0x20200);
    thread.put_cpu(cpu, 0, guest_base + 0x20800, guest_base + 0x10104);
    REQUIRE(thread.registers());
    CHECK(thread.registers()->base == 0);
}

TEST_CASE("what only looks like a pointer to registers is passed over") {
    Thread thread;
    std::uint64_t at = thread.call.sp;
    for (const std::uint64_t other :
         {std::uint64_t{0}, std::uint64_t{1}, cpu + 8, cpu + 16, heap_end, heap_end - 8, heap_end - 16,
          code_start, thread.call.sp, everything, everything - 15}) {
        thread.put(at, other);
        at += sizeof other;
    }
    REQUIRE(thread.registers());
    CHECK(thread.registers()->pc == 0x10104);
}

TEST_CASE("registers are none if the guest's instruction before them is no call") {
    Thread thread;
    std::uint64_t pc = 0x10104;
    SECTION("another instruction") {
        thread.put(code_start + 0x100, svc ^ 0x20);
    }
    SECTION("not aligned") {
        pc = 0x10105;
    }
    SECTION("no program counter") {
        pc = 0;
    }
    SECTION("no memory") {
        pc = 0x80000;
    }
    SECTION("the begin of the code, with nothing before it") {
        pc = 0x10000;
    }
    SECTION("the code's end") {
        pc = 0x11000;
    }
    SECTION("an address that wraps") {
        pc = everything - 3;
    }
    SECTION("code of no file") {
        thread.mappings[1].path.clear();
    }
    thread.put_cpu(cpu, 0x20100, 0x20800, pc);
    CHECK_FALSE(thread.registers());
}

TEST_CASE("registers are none if the guest would have no stack there") {
    for (const std::uint64_t sp : {std::uint64_t{0}, std::uint64_t{0x21000}, std::uint64_t{0x1ffff},
                                   everything, everything - 0x1000}) {
        INFO(sp);
        Thread thread;
        thread.put_cpu(cpu, 0x20100, sp, 0x10104);
        CHECK_FALSE(thread.registers());
    }
}

TEST_CASE("a base is of whole pages, and a thread that waits for a word of qemu-user's own has none") {
    Thread thread;
    SECTION("not whole pages") {
        thread.call.args[0] += 8;
    }
    SECTION("a lock of qemu-user") {
        thread.call.args[0] = heap_start + 0x100;
    }
    SECTION("wild") {
        thread.call.args[0] = everything;
    }
    CHECK_FALSE(thread.registers());
}

TEST_CASE("a stack pointer that leads to no stack finds nothing, and one at its end not more than there is") {
    Thread thread;
    for (const std::uint64_t sp : {std::uint64_t{0}, everything, everything - 7, stack_start - 8, stack_end,
                                   stack_end - 1, stack_end - 7, stack_end - 8, heap_end - 4, heap_start}) {
        INFO(sp);
        thread.call.sp = sp;
        CHECK_FALSE(thread.registers());
    }
    thread.put(stack_end - 8, cpu);
    thread.call.sp = stack_end - 8;
    CHECK(thread.registers());
    thread.call.sp = stack_end - 16;
    CHECK(thread.registers());
}

TEST_CASE("memory that is gone by the time it is read is nothing") {
    Thread thread;
    SECTION("the stack") {
        thread.contents.erase(stack_start);
    }
    SECTION("the emulated processor") {
        thread.contents.erase(heap_start);
    }
    SECTION("a part of it") {
        thread.contents[heap_start].resize(cpu - heap_start + 64 + 32 * 8);
    }
    SECTION("the code") {
        thread.contents.erase(code_start);
    }
    SECTION("all mappings") {
        thread.mappings.clear();
    }
    CHECK_FALSE(thread.registers());
}

TEST_CASE("a stack full of the same pointer is looked at once, and only 16 KiB of it") {
    Thread thread;
    thread.put(code_start + 0x100, std::uint32_t{0});
    for (std::uint64_t at = stack_start; at < stack_end; at += 8) thread.put(at, cpu);
    CHECK_FALSE(thread.registers());
    CHECK(thread.reads <= 3);  // the stack, the registers, the instruction
    Thread deep;
    deep.put(deep.call.sp + 0x200, std::uint64_t{0});
    deep.put(deep.call.sp + 16384, cpu);
    CHECK_FALSE(deep.registers());
    deep.put(deep.call.sp + 16384 - 8, cpu);
    CHECK(deep.registers());
}
