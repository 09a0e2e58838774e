// Structures of arm64's requests, as arch/arm64/include/uapi/asm/kvm.h of Linux 6.1 has them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rehang::fakes::kvm::arm64 {

struct VcpuInit {                                   // kvm_vcpu_init
    static constexpr std::uint32_t generic_v8 = 5;  // the only target there is
    std::uint32_t target = 0;
    std::array<std::uint32_t, 7> features{};
    bool operator==(const VcpuInit&) const = default;
};
static_assert(sizeof(VcpuInit) == 32);

// Bits of its features, KVM_ARM_VCPU_*.
namespace feature {
inline constexpr std::uint32_t power_off = 1 << 0;
inline constexpr std::uint32_t psci_0_2 = 1 << 2;
inline constexpr std::uint32_t pmu_v3 = 1 << 3;
inline constexpr std::uint32_t all = 0x7f;  // that Linux 6.1 knows
}  // namespace feature

struct OneReg {  // kvm_one_reg
    std::uint64_t id = 0;
    std::uint64_t address = 0;
};
static_assert(sizeof(OneReg) == 16);

struct DeviceAddress {  // kvm_arm_device_addr
    std::uint64_t id = 0;
    std::uint64_t address = 0;
};
static_assert(sizeof(DeviceAddress) == 16);

using VcpuEvents = std::array<std::byte, 0x40>;   // kvm_vcpu_events
using GuestDebug = std::array<std::byte, 0x208>;  // kvm_guest_debug

// kvm_device_attr's groups and attributes.
namespace vcpu_group {
inline constexpr std::uint32_t pmu_v3 = 0, timer = 1;
}
namespace pmu_attribute {
inline constexpr std::uint64_t irq = 0, init = 1, filter = 2, set_pmu = 3;
}
namespace timer_attribute {
inline constexpr std::uint64_t virtual_irq = 0, physical_irq = 1;
}

namespace device_type {
inline constexpr std::uint32_t vgic_v2 = 5, vgic_v3 = 7, vgic_its = 8;
}
namespace vgic_group {
inline constexpr std::uint32_t address = 0, distributor = 1, cpu_interface = 2, nr_irqs = 3, control = 4,
                               redistributor = 5, system_registers = 6, level_info = 7, its_registers = 8;
}
namespace vgic_address {
inline constexpr std::uint64_t v2_distributor = 0, v2_cpu_interface = 1, v3_distributor = 2,
                               v3_redistributor = 3, its = 4, v3_redistributor_region = 5;
}
namespace vgic_control {
inline constexpr std::uint64_t init = 0, its_save_tables = 1, its_restore_tables = 2, save_pending_tables = 3,
                               its_reset = 4;
}

}  // namespace rehang::fakes::kvm::arm64
