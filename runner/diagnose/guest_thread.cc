#include "diagnose/guest_thread.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/files.h"
#include "diagnose/asked_memory.h"

namespace rehang {
namespace {

using Mappings = std::vector<elf::Mapping>;

// QEMU, target/arm/cpu.h, struct CPUArchState (4.0 to 9.2): uint32_t regs[16], uint64_t xregs[32], whose last
// one is the stack pointer, uint64_t pc.
constexpr std::uint64_t xregs_offset = 64;
struct State {
    std::array<std::uint64_t, 31> x;
    std::uint64_t sp, pc;
};
static_assert(sizeof(State) == 33 * sizeof(std::uint64_t));

const elf::Mapping* mapping_of(const Mappings& mappings, std::uint64_t address) {
    const auto next = std::ranges::upper_bound(mappings, address, {}, &elf::Mapping::start);
    if (next == mappings.begin() || address >= std::prev(next)->end) return nullptr;
    return &*std::prev(next);
}

template <class T>
std::optional<T> read_as(const MemoryAt& memory_at, std::uint64_t address) {
    const auto bytes = memory_at(address, sizeof(T));
    T value{};
    if (bytes.size() != sizeof value) return std::nullopt;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

// While qemu-user makes a call for the guest, pc is behind the instruction that asked for it.
bool stands_behind_a_call(const MemoryAt& memory_at, const Mappings& mappings, std::uint64_t host_pc) {
    constexpr std::uint32_t svc = 0xd4000001;
    const elf::Mapping* const code = mapping_of(mappings, host_pc);
    return code && code->path.starts_with('/') &&
           read_as<std::uint32_t>(memory_at, host_pc - sizeof svc) == svc;
}

// An argument that is an address is passed on with the base added, if it is not copied.
std::set<std::uint64_t> possible_bases(const State& state, const HostCall& call) {
    if (call.number == SYS_futex) return {call.args[0] - state.x[0]};
    std::set<std::uint64_t> bases = {0};
    for (size_t i = 0; i < call.args.size(); ++i) bases.insert(call.args[i] - state.x[i]);
    return bases;
}

std::optional<elf::GuestRegisters> registers_in(const MemoryAt& memory_at, const Mappings& mappings,
                                                const HostCall& call, std::uint64_t cpu) {
    const auto state = read_as<State>(memory_at, cpu + xregs_offset);
    if (!state || state->pc % sizeof(std::uint32_t) != 0 || state->pc == 0) return std::nullopt;
    constexpr std::uint64_t page = 4096;
    for (const std::uint64_t base : possible_bases(*state, call))
        if (base % page == 0 && mapping_of(mappings, base + state->sp) &&
            stands_behind_a_call(memory_at, mappings, base + state->pc))
            return elf::GuestRegisters{.base = base, .x = state->x, .sp = state->sp, .pc = state->pc};
    return std::nullopt;
}

}  // namespace

bool runs_arm64_guest(const Mappings& mappings) {
    return std::ranges::any_of(mappings, [](const elf::Mapping& mapping) {
        const std::string_view name = file_name(mapping.path);
        return mapping.executable && name.starts_with("qemu-aarch64") && !name.starts_with("qemu-aarch64_be");
    });
}

// The functions of qemu-user between its loop and the system call have a pointer to the emulated processor on
// the stack.
std::optional<elf::GuestRegisters> guest_registers_at(const MemoryAt& memory_at, const Mappings& mappings,
                                                      const HostCall& call) {
    constexpr std::uint64_t searched = 16384, alignment = 16;
    const elf::Mapping* const stack = mapping_of(mappings, call.sp);
    if (!stack) return std::nullopt;
    const auto bytes = memory_at(call.sp, std::min(searched, stack->end - call.sp));
    std::set<std::uint64_t> seen;
    for (size_t at = 0; at + sizeof(std::uint64_t) <= bytes.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        if (value % alignment != 0 || !seen.insert(value).second) continue;
        const elf::Mapping* const heap = mapping_of(mappings, value);
        if (!heap || !heap->writable || heap == stack) continue;
        if (auto registers = registers_in(memory_at, mappings, call, value)) return registers;
    }
    return std::nullopt;
}

std::optional<elf::GuestRegisters> guest_registers_at(pid_t pid, const Mappings& mappings,
                                                      const HostCall& call) {
    const auto memory_at = [pid](std::uint64_t address, size_t size) {
        return read_memory(pid, address, size);
    };
    return guest_registers_at(memory_at, mappings, call);
}

}  // namespace rehang
