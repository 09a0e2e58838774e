// The registers of a program for arm64 that qemu-user runs in a process of this machine.
#pragma once

#include <array>
#include <cstdint>

namespace rehang::elf {

// As the guest has them.
struct GuestRegisters {
    std::uint64_t base = 0;  // what is added to the guest's addresses
    std::array<std::uint64_t, 31> x{};
    std::uint64_t sp = 0, pc = 0;
};

}  // namespace rehang::elf
