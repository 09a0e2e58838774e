// The structures that both architectures' requests carry, as include/uapi/linux/kvm.h of Linux 6.1 has them.
#pragma once

#include <array>
#include <cstdint>

namespace rehang::fakes::kvm {

inline constexpr std::uint64_t page_size = 4096;

struct MemoryRegion {  // kvm_userspace_memory_region
    static constexpr std::uint32_t log_dirty_pages = 1, read_only = 2;
    std::uint32_t slot = 0;  // the address space is in its upper 16 bits
    std::uint32_t flags = 0;
    std::uint64_t guest_address = 0;
    std::uint64_t size = 0;
    std::uint64_t userspace_address = 0;
};
static_assert(sizeof(MemoryRegion) == 32);

struct DirtyLog {  // kvm_dirty_log
    std::uint32_t slot = 0;
    std::uint32_t padding = 0;
    std::uint64_t bitmap = 0;
};
static_assert(sizeof(DirtyLog) == 16);

struct ClearDirtyLog {  // kvm_clear_dirty_log
    std::uint32_t slot = 0;
    std::uint32_t pages = 0;
    std::uint64_t first_page = 0;
    std::uint64_t bitmap = 0;
};
static_assert(sizeof(ClearDirtyLog) == 24);

struct IrqLevel {           // kvm_irq_level
    std::uint32_t irq = 0;  // in: which; out (KVM_IRQ_LINE_STATUS): to how many vCPUs it was delivered
    std::uint32_t level = 0;
};
static_assert(sizeof(IrqLevel) == 8);

struct Irqfd {  // kvm_irqfd
    static constexpr std::uint32_t deassign = 1, resample = 2;
    std::uint32_t fd = 0;
    std::uint32_t gsi = 0;
    std::uint32_t flags = 0;
    std::uint32_t resample_fd = 0;
    std::array<std::uint8_t, 16> padding{};
};
static_assert(sizeof(Irqfd) == 32);

struct Ioeventfd {  // kvm_ioeventfd
    static constexpr std::uint32_t datamatch = 1, pio = 2, deassign = 4, virtio_ccw = 8, known = 0x1f;
    std::uint64_t data = 0;
    std::uint64_t address = 0;
    std::uint32_t length = 0;
    std::int32_t fd = 0;
    std::uint32_t flags = 0;
    std::array<std::uint8_t, 36> padding{};
};
static_assert(sizeof(Ioeventfd) == 64);

struct CoalescedZone {  // kvm_coalesced_mmio_zone
    std::uint64_t address = 0;
    std::uint32_t size = 0;
    std::uint32_t pio = 0;
};
static_assert(sizeof(CoalescedZone) == 16);

struct IrqRouting {  // kvm_irq_routing, before its entries
    std::uint32_t count = 0;
    std::uint32_t flags = 0;
};
struct IrqRoutingEntry {  // kvm_irq_routing_entry
    static constexpr std::uint32_t irqchip = 1, msi = 2;
    std::uint32_t gsi = 0;
    std::uint32_t type = 0;
    std::uint32_t flags = 0;
    std::uint32_t padding = 0;
    std::array<std::uint32_t, 8> where{};
};
static_assert(sizeof(IrqRoutingEntry) == 48);

struct Msi {  // kvm_msi
    static constexpr std::uint32_t valid_devid = 1;
    std::uint32_t address_low = 0;
    std::uint32_t address_high = 0;
    std::uint32_t data = 0;
    std::uint32_t flags = 0;
    std::uint32_t device = 0;
    std::array<std::uint8_t, 12> padding{};
};
static_assert(sizeof(Msi) == 32);

struct CreateDevice {  // kvm_create_device
    static constexpr std::uint32_t test = 1;
    std::uint32_t type = 0;
    std::uint32_t fd = 0;
    std::uint32_t flags = 0;
};
static_assert(sizeof(CreateDevice) == 12);

struct EnableCap {  // kvm_enable_cap
    std::uint32_t cap = 0;
    std::uint32_t flags = 0;
    std::array<std::uint64_t, 4> args{};
    std::array<std::uint8_t, 64> padding{};
};
static_assert(sizeof(EnableCap) == 104);

struct DeviceAttribute {  // kvm_device_attr
    std::uint32_t flags = 0;
    std::uint32_t group = 0;
    std::uint64_t attribute = 0;
    std::uint64_t address = 0;
};
static_assert(sizeof(DeviceAttribute) == 24);

enum class MpState : std::uint32_t {  // KVM_MP_STATE_*
    runnable = 0,
    uninitialized = 1,
    init_received = 2,
    halted = 3,
    sipi_received = 4,
    stopped = 5,
    suspended = 10,
};

}  // namespace rehang::fakes::kvm
