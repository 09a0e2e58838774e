#include "devices/kvm/x86/capabilities.h"

#include <array>

namespace rehang::fakes::kvm::x86 {

namespace {

// What Linux 6.1 to 6.18 answer on an Intel host without nested virtualisation, less what the model does not
// do: dirty rings, statistics files, Hyper-V, SMM and Xen. Those with 0 are what VMMs ask for, so that the
// report has a name for them.
constexpr auto table = std::to_array<Capability>({
    {0, "IRQCHIP", 1},
    {1, "HLT", 1},
    {2, "MMU_SHADOW_CACHE_CONTROL", 1},
    {3, "USER_MEMORY", 1},
    {4, "SET_TSS_ADDR", 1},
    {6, "VAPIC", 1},
    {7, "EXT_CPUID", 1},
    {8, "CLOCKSOURCE", 1},
    {9, "NR_VCPUS", 64},
    {10, "NR_MEMSLOTS", 32764},
    {11, "PIT", 1},
    {12, "NOP_IO_DELAY", 1},
    {14, "MP_STATE", 1},
    {15, "COALESCED_MMIO", 2},  // the page of the ring in what a vCPU maps
    {16, "SYNC_MMU", 1},
    {21, "DESTROY_MEMORY_REGION_WORKS", 1},
    {22, "USER_NMI", 1},
    {23, "SET_GUEST_DEBUG", 1},
    {24, "REINJECT_CONTROL", 1},
    {25, "IRQ_ROUTING", 4096},
    {26, "IRQ_INJECT_STATUS", 1},
    {30, "JOIN_MEMORY_REGIONS_WORKS", 1},
    {31, "MCE", 32},
    {32, "IRQFD", 1},
    {33, "PIT2", 1},
    {34, "SET_BOOT_CPU_ID", 1},
    {35, "PIT_STATE2", 1},
    {36, "IOEVENTFD", 1},
    {37, "SET_IDENTITY_MAP_ADDR", 1},
    {38, "XEN_HVM", 0},
    {39, "ADJUST_CLOCK", 2},  // KVM_CLOCK_TSC_STABLE
    {40, "INTERNAL_ERROR_DATA", 1},
    {41, "VCPU_EVENTS", 1},
    {44, "HYPERV", 0},
    {47, "PCI_SEGMENT", 1},
    {50, "DEBUGREGS", 1},
    {51, "X86_ROBUST_SINGLESTEP", 1},
    {54, "ENABLE_CAP", 0},
    {55, "XSAVE", 1},
    {56, "XCRS", 1},
    {59, "ASYNC_PF", 1},
    {60, "TSC_CONTROL", 0},
    {61, "GET_TSC_KHZ", 1},
    {66, "MAX_VCPUS", 1024},
    {72, "TSC_DEADLINE_TIMER", 1},
    {75, "PCI_2_3", 0},
    {76, "KVMCLOCK_CTRL", 1},
    {77, "SIGNAL_MSI", 1},
    {81, "READONLY_MEM", 1},
    {82, "IRQFD_RESAMPLE", 1},
    {89, "DEVICE_CTRL", 1},
    {97, "IOAPIC_POLARITY_IGNORED", 1},
    {98, "ENABLE_CAP_VM", 1},
    {100, "IOEVENTFD_NO_LENGTH", 1},
    {101, "VM_ATTRIBUTES", 0},
    {105, "CHECK_EXTENSION_VM", 1},
    {117, "X86_SMM", 0},
    {118, "MULTI_ADDRESS_SPACE", 0},
    {121, "SPLIT_IRQCHIP", 1},
    {122, "IOEVENTFD_ANY_LENGTH", 1},
    {128, "MAX_VCPU_ID", 4096},
    {129, "X2APIC_API", 3},
    {136, "IMMEDIATE_EXIT", 1},
    {143, "X86_DISABLE_EXITS", 0},
    {149, "HYPERV_VP_INDEX", 0},
    {153, "GET_MSR_FEATURES", 1},
    {157, "NESTED_STATE", 0},
    {159, "MSR_PLATFORM_INFO", 1},
    {162, "COALESCED_PIO", 1},
    {164, "EXCEPTION_PAYLOAD", 1},
    {167, "HYPERV_CPUID", 0},
    {168, "MANUAL_DIRTY_LOG_PROTECT2", 3},
    {182, "HALT_POLL", 1},
    {183, "ASYNC_PF_INT", 1},
    {188, "X86_USER_SPACE_MSR", 1},
    {189, "X86_MSR_FILTER", 1},
    {190, "ENFORCE_PV_FEATURE_CPUID", 1},
    {192, "DIRTY_LOG_RING", 0},
    {193, "X86_BUS_LOCK_EXIT", 0},
    {195, "SET_GUEST_DEBUG2", 0x1f0003},
    {196, "SGX_ATTRIBUTE", 0},
    {200, "SREGS2", 1},
    {201, "EXIT_HYPERCALL", 0},
    {203, "BINARY_STATS_FD", 0},
    {208, "XSAVE2", 4096},
    {209, "SYS_ATTRIBUTES", 1},
    {212, "PMU_CAPABILITY", 0},
    {214, "VM_TSC_CONTROL", 0},
    {218, "X86_TRIPLE_FAULT_EVENT", 1},
    {219, "X86_NOTIFY_VMEXIT", 0},
    {220, "VM_DISABLE_NX_HUGE_PAGES", 0},
    {223, "DIRTY_LOG_RING_ACQ_REL", 0},
    {231, "USER_MEMORY2", 0},
    {233, "MEMORY_ATTRIBUTES", 0},
    {234, "GUEST_MEMFD", 0},
    {235, "VM_TYPES", 0},
    {237, "X86_APIC_BUS_CYCLES_NS", 0},
});

}  // namespace

std::span<const Capability> capabilities() {
    return table;
}

}  // namespace rehang::fakes::kvm::x86
