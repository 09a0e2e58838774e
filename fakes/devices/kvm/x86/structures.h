// Structures of x86's requests, as arch/x86/include/uapi/asm/kvm.h of Linux 6.1 has them. Most are only kept
// for the VMM: for those the size is all that counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rehang::fakes::kvm::x86 {

struct CpuidEntry {  // kvm_cpuid_entry2
    static constexpr std::uint32_t significant_index = 1;
    std::uint32_t function = 0;
    std::uint32_t index = 0;
    std::uint32_t flags = 0;
    std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
    std::array<std::uint32_t, 3> padding{};
};
static_assert(sizeof(CpuidEntry) == 40);

struct OldCpuidEntry {  // kvm_cpuid_entry
    std::uint32_t function = 0;
    std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
    std::uint32_t padding = 0;
};
static_assert(sizeof(OldCpuidEntry) == 24);

struct CpuidHeader {  // kvm_cpuid and kvm_cpuid2, before their entries
    std::uint32_t count = 0;
    std::uint32_t padding = 0;
};
inline constexpr std::uint32_t most_cpuid_entries = 256;

struct MsrsHeader {  // kvm_msrs, before its entries
    std::uint32_t count = 0;
    std::uint32_t padding = 0;
};
struct MsrEntry {  // kvm_msr_entry
    std::uint32_t index = 0;
    std::uint32_t reserved = 0;
    std::uint64_t data = 0;
};
static_assert(sizeof(MsrEntry) == 16);

struct Segment {  // kvm_segment
    std::uint64_t base = 0;
    std::uint32_t limit = 0;
    std::uint16_t selector = 0;
    std::uint8_t type = 0, present = 0, dpl = 0, db = 0, s = 0, l = 0, g = 0, avl = 0;
    std::uint8_t unusable = 0, padding = 0;
};
static_assert(sizeof(Segment) == 24);

struct DescriptorTable {  // kvm_dtable
    std::uint64_t base = 0;
    std::uint16_t limit = 0;
    std::array<std::uint16_t, 3> padding{};
};
static_assert(sizeof(DescriptorTable) == 16);

struct SpecialRegisters {  // kvm_sregs and kvm_sregs2, up to where they differ
    Segment cs, ds, es, fs, gs, ss, tr, ldt;
    DescriptorTable gdt, idt;
    std::uint64_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0, cr8 = 0;
    std::uint64_t efer = 0;
    std::uint64_t apic_base = 0;
};
struct Sregs {  // kvm_sregs
    SpecialRegisters registers;
    std::array<std::uint64_t, 4> interrupt_bitmap{};
};
static_assert(sizeof(Sregs) == 0x138);
struct Sregs2 {  // kvm_sregs2
    SpecialRegisters registers;
    std::uint64_t flags = 0;
    std::array<std::uint64_t, 4> pdptrs{};
};
static_assert(sizeof(Sregs2) == 0x140);

struct Regs {  // kvm_regs
    std::uint64_t rax = 0, rbx = 0, rcx = 0, rdx = 0, rsi = 0, rdi = 0, rsp = 0, rbp = 0;
    std::array<std::uint64_t, 8> r8_to_r15{};
    std::uint64_t rip = 0, rflags = 0;
};
static_assert(sizeof(Regs) == 0x90);

struct DebugRegs {  // kvm_debugregs
    std::array<std::uint64_t, 4> db{};
    std::uint64_t dr6 = 0, dr7 = 0;
    std::uint64_t flags = 0;
    std::array<std::uint64_t, 9> reserved{};
};
static_assert(sizeof(DebugRegs) == 0x80);

struct Xcrs {  // kvm_xcrs
    struct Xcr {
        std::uint32_t number = 0;
        std::uint32_t reserved = 0;
        std::uint64_t value = 0;
    };
    std::uint32_t count = 0;
    std::uint32_t flags = 0;
    std::array<Xcr, 16> xcrs{};
    std::array<std::uint64_t, 16> padding{};
};
static_assert(sizeof(Xcrs) == 0x188);

struct VcpuEvents {  // kvm_vcpu_events
    // KVM_VCPUEVENT_VALID_*: what the structure has. The last two only if the VMM has asked for them.
    static constexpr std::uint32_t nmi = 1, sipi = 2, shadow = 4, smm = 8, payload = 0x10,
                                   triple_fault = 0x20;
    std::array<std::uint8_t, 16> exception_interrupt_nmi{};
    std::uint32_t sipi_vector = 0;
    std::uint32_t flags = 0;
    std::array<std::uint8_t, 40> rest{};
};
static_assert(sizeof(VcpuEvents) == 0x40);

using Xsave = std::array<std::byte, 4096>;   // kvm_xsave
using Fpu = std::array<std::byte, 0x1a0>;    // kvm_fpu
using Lapic = std::array<std::byte, 0x400>;  // kvm_lapic_state

struct Irqchip {  // kvm_irqchip
    std::uint32_t id = 0;
    std::uint32_t padding = 0;
    std::array<std::byte, 512> chip{};
};
static_assert(sizeof(Irqchip) == 0x208);

using PitConfig = std::array<std::uint32_t, 16>;  // kvm_pit_config
using PitState = std::array<std::byte, 0x70>;     // kvm_pit_state2

struct Clock {  // kvm_clock_data
    static constexpr std::uint32_t tsc_stable = 2;
    std::uint64_t clock = 0;
    std::uint32_t flags = 0;
    std::uint32_t padding0 = 0;
    std::uint64_t realtime = 0, host_tsc = 0;
    std::array<std::uint32_t, 4> padding{};
};
static_assert(sizeof(Clock) == 0x30);

struct Translation {  // kvm_translation
    std::uint64_t linear_address = 0;
    std::uint64_t physical_address = 0;
    std::uint8_t valid = 0, writeable = 0, usermode = 0;
    std::array<std::uint8_t, 5> padding{};
};
static_assert(sizeof(Translation) == 24);

using GuestDebug = std::array<std::byte, 0x48>;     // kvm_guest_debug
using TprAccess = std::array<std::byte, 40>;        // kvm_tpr_access_ctl
using ReinjectControl = std::array<std::byte, 32>;  // kvm_reinject_control

struct MsrFilter {                                        // kvm_msr_filter
    struct Range {                                        // kvm_msr_filter_range
        static constexpr std::uint32_t known_flags = 3;   // reads, writes
        static constexpr std::uint32_t most = 0x600 * 8;  // bits, KVM_MSR_FILTER_MAX_BITMAP_SIZE
        std::uint32_t flags = 0;
        std::uint32_t count = 0;
        std::uint32_t first = 0;
        std::uint32_t padding = 0;
        std::uint64_t bitmap = 0;
    };
    static constexpr std::uint32_t default_deny = 1;
    std::uint32_t flags = 0;
    std::uint32_t padding = 0;
    std::array<Range, 16> ranges{};
};
static_assert(sizeof(MsrFilter) == 0x188);

struct Mce {                                            // kvm_x86_mce
    static constexpr std::uint64_t valid = 1ULL << 63;  // MCI_STATUS_VAL
    std::uint64_t status = 0, address = 0, misc = 0, mcg_status = 0;
    std::uint8_t bank = 0;
    std::array<std::uint8_t, 31> padding{};
};
static_assert(sizeof(Mce) == 0x40);

}  // namespace rehang::fakes::kvm::x86
