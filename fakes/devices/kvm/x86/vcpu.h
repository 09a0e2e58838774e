// A vCPU on x86: its registers are kept for the VMM.
#pragma once

#include <vector>

#include "devices/kvm/vcpu.h"
#include "devices/kvm/x86/msrs.h"
#include "devices/kvm/x86/vm.h"

namespace rehang::fakes::kvm::x86 {

class X86Vcpu final : public Vcpu {
  public:
    X86Vcpu(std::shared_ptr<X86Vm> vm, std::uint32_t id, std::unique_ptr<Share> share);
    std::size_t mapped_size() const override { return vcpu_mapped_size; }

  private:
    std::optional<Answer> own_ioctl(const Ioctl& call, Memory& memory) override;
    std::optional<Answer> get_registers(const Ioctl& call, Memory& memory) const;
    std::optional<Answer> set_registers(const Ioctl& call, const Memory& memory);
    int before_run() override;
    bool may_have(MpState state) const override;

    Answer set_sregs(const Memory& memory, std::uint64_t argument);
    Answer set_sregs2(const Memory& memory, std::uint64_t argument);
    Answer set_cpuid(const Memory& memory, std::uint64_t argument);
    Answer set_cpuid2(const Memory& memory, std::uint64_t argument);
    Answer get_cpuid2(Memory& memory, std::uint64_t argument) const;
    Answer interrupt(const Memory& memory, std::uint64_t argument) const;
    Answer setup_mce(const Memory& memory, std::uint64_t argument);
    Answer set_mce(const Memory& memory, std::uint64_t argument) const;
    VcpuEvents events() const;
    bool is_missing_bank(std::uint32_t msr) const;
    std::optional<std::uint64_t> msr(std::uint32_t index) const;
    bool set_msr(std::uint32_t index, std::uint64_t value);
    bool has_lapic() const { return vm_->controllers() != X86Vm::Controllers::none; }

    std::shared_ptr<X86Vm> vm_;
    Regs regs_;
    Sregs2 sregs_;
    Fpu fpu_{};
    Xsave xsave_{};
    Xcrs xcrs_;
    Lapic lapic_{};
    DebugRegs debug_;
    VcpuEvents events_;
    Msrs msrs_;
    std::vector<CpuidEntry> cpuid_;
    std::uint32_t tsc_khz_ = tsc_khz;
    std::uint64_t mce_banks_ = 32;
};

}  // namespace rehang::fakes::kvm::x86
