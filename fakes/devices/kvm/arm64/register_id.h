// The ids of KVM_GET_ONE_REG on arm64 (arch/arm64/include/uapi/asm/kvm.h of Linux 6.1): architecture and size
// of the register, then what kind it is and which.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rehang::fakes::kvm::arm64 {

using RegisterId = std::uint64_t;

namespace register_id {

inline constexpr RegisterId arm64 = 0x6000000000000000, architecture_mask = 0xff00000000000000;
inline constexpr RegisterId u32 = 2ULL << 52, u64 = 3ULL << 52, u128 = 4ULL << 52, size_mask = 15ULL << 52;
inline constexpr RegisterId kind_mask = 0x0fff0000;
inline constexpr RegisterId core = 0x0010 << 16, demux = 0x0011 << 16, system = 0x0013 << 16,
                            firmware = 0x0014 << 16;

// At `offset`, in 32-bit words, in struct kvm_regs.
constexpr RegisterId core_register(std::uint32_t offset, RegisterId size) {
    return arm64 | size | core | offset;
}

constexpr RegisterId system_register(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
    return arm64 | u64 | system | op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
}

constexpr std::size_t bytes(RegisterId id) {
    return std::size_t{1} << ((id & size_mask) >> 52);
}

}  // namespace register_id
}  // namespace rehang::fakes::kvm::arm64
