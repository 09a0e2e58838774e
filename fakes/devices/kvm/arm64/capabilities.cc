#include "devices/kvm/arm64/capabilities.h"

#include <array>

namespace rehang::fakes::kvm::arm64 {

namespace {

// What Linux 6.1 answers on a machine of the ARMv8.0 generation. Those with 0 are what VMMs ask for, so that
// the report has a name for them.
constexpr auto table = std::to_array<Capability>({
    {0, "IRQCHIP", 1},
    {3, "USER_MEMORY", 1},
    {9, "NR_VCPUS", 64},
    {10, "NR_MEMSLOTS", 32767},
    {14, "MP_STATE", 1},
    {15, "COALESCED_MMIO", 1},  // the page of the ring in what a vCPU maps
    {16, "SYNC_MMU", 1},
    {21, "DESTROY_MEMORY_REGION_WORKS", 1},
    {23, "SET_GUEST_DEBUG", 1},
    {25, "IRQ_ROUTING", 4096},
    {26, "IRQ_INJECT_STATUS", 0},
    {30, "JOIN_MEMORY_REGIONS_WORKS", 1},
    {32, "IRQFD", 1},
    {36, "IOEVENTFD", 1},
    {40, "INTERNAL_ERROR_DATA", 1},
    {41, "VCPU_EVENTS", 1},
    {51, "X86_ROBUST_SINGLESTEP", 0},
    {54, "ENABLE_CAP", 1},
    {66, "MAX_VCPUS", 512},
    {70, "ONE_REG", 1},
    {75, "PCI_2_3", 0},
    {77, "SIGNAL_MSI", 1},
    {81, "READONLY_MEM", 1},
    {82, "IRQFD_RESAMPLE", 1},
    {87, "ARM_PSCI", 1},
    {88, "ARM_SET_DEVICE_ADDR", 1},
    {89, "DEVICE_CTRL", 1},
    {93, "ARM_EL1_32BIT", 0},
    {98, "ENABLE_CAP_VM", 1},
    {100, "IOEVENTFD_NO_LENGTH", 1},
    {101, "VM_ATTRIBUTES", 1},
    {102, "ARM_PSCI_0_2", 1},
    {105, "CHECK_EXTENSION_VM", 1},
    {118, "MULTI_ADDRESS_SPACE", 0},
    {119, "GUEST_DEBUG_HW_BPS", 6},
    {120, "GUEST_DEBUG_HW_WPS", 4},
    {122, "IOEVENTFD_ANY_LENGTH", 1},
    {126, "ARM_PMU_V3", 1},
    {127, "VCPU_ATTRIBUTES", 1},
    {128, "MAX_VCPU_ID", 512},
    {131, "MSI_DEVID", 1},
    {136, "IMMEDIATE_EXIT", 1},
    {144, "ARM_USER_IRQ", 1},
    {157, "NESTED_STATE", 0},
    {158, "ARM_INJECT_SERROR_ESR", 1},
    {162, "COALESCED_PIO", 0},
    {165, "ARM_VM_IPA_SIZE", most_ipa_bits},
    {168, "MANUAL_DIRTY_LOG_PROTECT2", 0},
    {170, "ARM_SVE", 0},
    {171, "ARM_PTRAUTH_ADDRESS", 0},
    {172, "ARM_PTRAUTH_GENERIC", 0},
    {174, "ARM_IRQ_LINE_LAYOUT_2", 1},
    {177, "ARM_NISV_TO_USER", 1},
    {178, "ARM_INJECT_EXT_DABT", 1},
    {187, "STEAL_TIME", 0},
    {192, "DIRTY_LOG_RING", 0},
    {195, "SET_GUEST_DEBUG2", 0},
    {203, "BINARY_STATS_FD", 0},
    {205, "ARM_MTE", 0},
    {209, "SYS_ATTRIBUTES", 0},
    {216, "ARM_SYSTEM_SUSPEND", 0},
    {223, "DIRTY_LOG_RING_ACQ_REL", 0},
    {227, "COUNTER_OFFSET", 0},
    {228, "ARM_EAGER_SPLIT_CHUNK_SIZE", 0},
    {229, "ARM_SUPPORTED_BLOCK_SIZES", 0},
    {230, "ARM_SUPPORTED_REG_MASK_RANGES", 0},
    {231, "USER_MEMORY2", 0},
    {233, "MEMORY_ATTRIBUTES", 0},
    {234, "GUEST_MEMFD", 0},
});

}  // namespace

std::span<const Capability> capabilities() {
    return table;
}

}  // namespace rehang::fakes::kvm::arm64
