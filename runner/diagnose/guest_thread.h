// Where a thread of a program stands that qemu-user runs: its emulated registers, found without stopping it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "diagnose/snapshot.h"
#include "elf/guest_registers.h"

namespace rehang {

// The process is a qemu-user for arm64.
bool runs_arm64_guest(const std::vector<elf::Mapping>& mappings);

// A system call in which a thread of this machine sleeps.
struct HostCall {
    long number = -1;
    std::array<std::uint64_t, 6> args{};
    std::uint64_t sp = 0;
};

// The guest's registers at the call for which qemu-user makes this one. Nothing for threads that are
// qemu-user's own, and where they can't be found.
std::optional<elf::GuestRegisters> guest_registers_at(pid_t pid, const std::vector<elf::Mapping>& mappings,
                                                      const HostCall& call);

// What the process has from an address on: at most so many bytes, fewer where its memory ends.
using MemoryAt = std::function<std::vector<unsigned char>(std::uint64_t address, size_t size)>;
// Pure.
std::optional<elf::GuestRegisters> guest_registers_at(const MemoryAt& memory_at,
                                                      const std::vector<elf::Mapping>& mappings,
                                                      const HostCall& call);

}  // namespace rehang
