// A VM on arm64.
#pragma once

#include "devices/kvm/arm64/vgic.h"
#include "devices/kvm/vm.h"

namespace rehang::fakes::kvm::arm64 {

// What a vCPU's file maps: its run page, and one for the ring of coalesced writes.
inline constexpr std::size_t vcpu_mapped_size = 2 * page_size;

class Arm64Vm final : public Vm, private VcpuIds {
  public:
    Arm64Vm(HostPtr host, std::unique_ptr<Share> share)
        : Vm(host, std::move(share)), host_(std::move(host)) {}

    const Vgic& vgic() const { return vgic_; }

  private:
    std::optional<Answer> own_ioctl(const Ioctl& call, Memory& memory) override;
    std::shared_ptr<File> make_vcpu(std::uint32_t id, std::unique_ptr<Share> share) override;
    int may_create_vcpu(std::uint64_t id) const override;
    int may_enable(const EnableCap& cap) override;
    int irq_line(const IrqLevel& line) override;
    int irqfd() const override;
    int routes(std::span<const IrqRoutingEntry> entries) const override;
    int signal_msi(const Msi& msi) const override;
    Answer create_device(std::uint32_t type, bool test) override;

    std::size_t count() const override { return vcpu_count(); }
    bool has(std::uint32_t id) const override { return has_vcpu(id); }

    bool offers(std::uint32_t device_type) const;
    int create_vgic(Vgic::Version version);
    int set_device_address(const Memory& memory, std::uint64_t argument) const;

    HostPtr host_;
    Vgic vgic_;
};

}  // namespace rehang::fakes::kvm::arm64
