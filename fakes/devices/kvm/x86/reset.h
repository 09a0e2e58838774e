// A vCPU as KVM creates it.
#pragma once

#include "devices/kvm/x86/structures.h"

namespace rehang::fakes::kvm::x86 {

Regs regs_at_reset();
Sregs2 sregs_at_reset(bool boot_cpu);
Xsave xsave_at_reset();
Xcrs xcrs_at_reset();
Lapic lapic_at_reset(std::uint32_t id);
DebugRegs debug_at_reset();

}  // namespace rehang::fakes::kvm::x86
