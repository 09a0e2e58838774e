// A vCPU on arm64.
#pragma once

#include <optional>

#include "devices/kvm/arm64/registers.h"
#include "devices/kvm/arm64/structures.h"
#include "devices/kvm/arm64/vm.h"
#include "devices/kvm/vcpu.h"

namespace rehang::fakes::kvm::arm64 {

class Arm64Vcpu final : public Vcpu {
  public:
    Arm64Vcpu(std::shared_ptr<Arm64Vm> vm, std::uint32_t id, std::unique_ptr<Share> share);
    std::size_t mapped_size() const override { return vcpu_mapped_size; }

  private:
    std::optional<Answer> own_ioctl(const Ioctl& call, Memory& memory) override;
    int before_run() override;
    bool may_have(MpState state) const override;

    Answer init(const Memory& memory, std::uint64_t argument);
    int init_errno(const VcpuInit& init) const;
    Answer get_reg_list(Memory& memory, std::uint64_t argument) const;
    Answer one_register(const Ioctl& call, Memory& memory);
    Answer attribute(const Ioctl& call, Memory& memory);
    Answer pmu_attribute(const Ioctl& call, const DeviceAttribute& attribute, Memory& memory);
    int set_pmu_irq(const DeviceAttribute& attribute, const Memory& memory);
    int init_pmu();
    Answer timer_attribute(const Ioctl& call, const DeviceAttribute& attribute, Memory& memory);
    bool has_pmu() const { return init_ && init_->features[0] & feature::pmu_v3; }

    std::shared_ptr<Arm64Vm> vm_;
    std::optional<VcpuInit> init_;  // nothing: KVM_ARM_VCPU_INIT has not been called
    Registers registers_;
    VcpuEvents events_{};
    std::optional<std::uint32_t> pmu_irq_;
    bool pmu_initialized_ = false;
    std::array<std::uint32_t, 2> timer_irqs_ = {27, 30};  // virtual, physical
};

}  // namespace rehang::fakes::kvm::arm64
