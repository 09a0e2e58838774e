// KVM's requests, as include/uapi/linux/kvm.h of Linux 6.1 defines them. Not included from there: which of
// them a header has, and how large their structures are, depends on the architecture it was installed for,
// and both architectures' models are in one program. A number may mean one thing for each kind of file.
#pragma once

#include <cstdint>

namespace rehang::fakes::kvm::request {

using Number = std::uint32_t;

// /dev/kvm
inline constexpr Number get_api_version = 0xae00;
inline constexpr Number create_vm = 0xae01;
inline constexpr Number get_vcpu_mmap_size = 0xae04;
// /dev/kvm and a VM
inline constexpr Number check_extension = 0xae03;

// A VM
inline constexpr Number create_vcpu = 0xae41;
inline constexpr Number get_dirty_log = 0x4010ae42;
inline constexpr Number clear_dirty_log = 0xc018aec0;
inline constexpr Number set_user_memory_region = 0x4020ae46;
inline constexpr Number irq_line = 0x4008ae61;
inline constexpr Number irq_line_status = 0xc008ae67;
inline constexpr Number register_coalesced_mmio = 0x4010ae67;
inline constexpr Number unregister_coalesced_mmio = 0x4010ae68;
inline constexpr Number set_gsi_routing = 0x4008ae6a;
inline constexpr Number irqfd = 0x4020ae76;
inline constexpr Number ioeventfd = 0x4040ae79;
inline constexpr Number signal_msi = 0x4020aea5;
inline constexpr Number create_device = 0xc00caee0;

// A VM or a vCPU
inline constexpr Number enable_cap = 0x4068aea3;
inline constexpr Number get_stats_fd = 0xaece;

// Anything that has attributes
inline constexpr Number set_device_attr = 0x4018aee1;
inline constexpr Number get_device_attr = 0x4018aee2;
inline constexpr Number has_device_attr = 0x4018aee3;

// A vCPU
inline constexpr Number run = 0xae80;
inline constexpr Number set_signal_mask = 0x4004ae8b;
inline constexpr Number get_mp_state = 0x8004ae98;
inline constexpr Number set_mp_state = 0x4004ae99;

namespace x86 {
// /dev/kvm
inline constexpr Number get_msr_index_list = 0xc004ae02;
inline constexpr Number get_supported_cpuid = 0xc008ae05;
inline constexpr Number get_emulated_cpuid = 0xc008ae09;
inline constexpr Number get_msr_feature_index_list = 0xc004ae0a;
inline constexpr Number get_mce_cap_supported = 0x8008ae9d;
// A VM
inline constexpr Number set_nr_mmu_pages = 0xae44;
inline constexpr Number set_tss_addr = 0xae47;
inline constexpr Number set_identity_map_addr = 0x4008ae48;
inline constexpr Number create_irqchip = 0xae60;
inline constexpr Number get_irqchip = 0xc208ae62;
inline constexpr Number set_irqchip = 0x8208ae63;
inline constexpr Number create_pit = 0xae64;
inline constexpr Number create_pit2 = 0x4040ae77;
inline constexpr Number get_pit2 = 0x8070ae9f;
inline constexpr Number set_pit2 = 0x4070aea0;
inline constexpr Number reinject_control = 0xae71;
inline constexpr Number set_boot_cpu_id = 0xae78;
inline constexpr Number set_clock = 0x4030ae7b;
inline constexpr Number get_clock = 0x8030ae7c;
inline constexpr Number set_msr_filter = 0x4188aec6;
// A VM or a vCPU
inline constexpr Number set_tsc_khz = 0xaea2;
inline constexpr Number get_tsc_khz = 0xaea3;
// A vCPU; GET_MSRS also /dev/kvm
inline constexpr Number get_msrs = 0xc008ae88;
inline constexpr Number set_msrs = 0x4008ae89;
inline constexpr Number get_regs = 0x8090ae81;
inline constexpr Number set_regs = 0x4090ae82;
inline constexpr Number get_sregs = 0x8138ae83;
inline constexpr Number set_sregs = 0x4138ae84;
inline constexpr Number get_sregs2 = 0x8140aecc;
inline constexpr Number set_sregs2 = 0x4140aecd;
inline constexpr Number translate = 0xc018ae85;
inline constexpr Number interrupt = 0x4004ae86;
inline constexpr Number set_cpuid = 0x4008ae8a;
inline constexpr Number set_cpuid2 = 0x4008ae90;
inline constexpr Number get_cpuid2 = 0xc008ae91;
inline constexpr Number get_fpu = 0x81a0ae8c;
inline constexpr Number set_fpu = 0x41a0ae8d;
inline constexpr Number get_lapic = 0x8400ae8e;
inline constexpr Number set_lapic = 0x4400ae8f;
inline constexpr Number tpr_access_reporting = 0xc028ae92;
inline constexpr Number set_vapic_addr = 0x4008ae93;
inline constexpr Number nmi = 0xae9a;
inline constexpr Number set_guest_debug = 0x4048ae9b;
inline constexpr Number setup_mce = 0x4008ae9c;
inline constexpr Number set_mce = 0x4040ae9e;
inline constexpr Number get_vcpu_events = 0x8040ae9f;
inline constexpr Number set_vcpu_events = 0x4040aea0;
inline constexpr Number get_debugregs = 0x8080aea1;
inline constexpr Number set_debugregs = 0x4080aea2;
inline constexpr Number get_xsave = 0x9000aea4;
inline constexpr Number set_xsave = 0x5000aea5;
inline constexpr Number get_xsave2 = 0x9000aecf;
inline constexpr Number get_xcrs = 0x8188aea6;
inline constexpr Number set_xcrs = 0x4188aea7;
inline constexpr Number kvmclock_ctrl = 0xaead;
inline constexpr Number smi = 0xaeb7;
}  // namespace x86

namespace arm64 {
// A VM
inline constexpr Number preferred_target = 0x8020aeaf;
inline constexpr Number set_device_addr = 0x4010aeab;
// A vCPU
inline constexpr Number get_one_reg = 0x4010aeab;
inline constexpr Number set_one_reg = 0x4010aeac;
inline constexpr Number vcpu_init = 0x4020aeae;
inline constexpr Number get_reg_list = 0xc008aeb0;
inline constexpr Number vcpu_finalize = 0x4004aec2;
inline constexpr Number get_vcpu_events = 0x8040ae9f;
inline constexpr Number set_vcpu_events = 0x4040aea0;
inline constexpr Number set_guest_debug = 0x4208ae9b;
}  // namespace arm64

}  // namespace rehang::fakes::kvm::request
