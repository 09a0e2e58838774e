// A VM on x86: its interrupt controllers, timer and clock are kept for the VMM, and do nothing.
#pragma once

#include "devices/kvm/vm.h"
#include "devices/kvm/x86/cpuid.h"

namespace rehang::fakes::kvm::x86 {

// What a vCPU's file maps: its run page, one for port I/O, one for the ring of coalesced writes.
inline constexpr std::size_t vcpu_mapped_size = 3 * page_size;

class X86Vm final : public Vm {
  public:
    X86Vm(HostPtr host, std::unique_ptr<Share> share) : Vm(std::move(host), std::move(share)) {}

    enum class Controllers {
        none,
        split,
        all
    };  // which interrupt controllers KVM is: none, LAPICs only, all
    Controllers controllers() const { return controllers_; }
    std::uint32_t boot_cpu() const { return boot_cpu_; }
    // Flags of KVM_SET_VCPU_EVENTS that the VMM has asked for.
    std::uint32_t enabled_events() const { return enabled_events_; }

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

    Answer set_identity_map(const Memory& memory, std::uint64_t argument) const;
    Answer create_irqchip();
    int enable_split_irqchip(std::uint64_t pins);
    Answer get_irqchip(Memory& memory, std::uint64_t argument) const;
    Answer set_irqchip(const Memory& memory, std::uint64_t argument);
    Answer create_pit(const Memory& memory, const Ioctl& call);
    Answer set_clock(const Memory& memory, std::uint64_t argument);
    Answer reinject_control(const Memory& memory, std::uint64_t argument) const;

    Controllers controllers_ = Controllers::none;
    std::array<std::array<std::byte, 512>, 3> irqchips_{};  // 8259 master and slave, IOAPIC
    bool has_pit_ = false;
    PitState pit_{};
    Clock clock_{.flags = Clock::tsc_stable};
    std::uint32_t boot_cpu_ = 0;
    std::uint32_t enabled_events_ = 0;
    std::uint32_t tsc_khz_ = tsc_khz;
};

}  // namespace rehang::fakes::kvm::x86
