#include "devices/kvm/x86/vm.h"

#include <fmt/format.h>

#include "devices/kvm/requests.h"
#include "devices/kvm/x86/vcpu.h"

namespace rehang::fakes::kvm::x86 {

namespace {

namespace request = kvm::request::x86;

constexpr std::uint64_t most_ioapic_pins = 4096;

// Which capabilities KVM_ENABLE_CAP may switch.
namespace cap {
constexpr std::uint32_t split_irqchip = 121;
constexpr std::uint32_t x2apic_api = 129;
constexpr std::uint32_t exception_payload = 164;
constexpr std::uint32_t manual_dirty_log_protect2 = 168;
constexpr std::uint32_t halt_poll = 182;
constexpr std::uint32_t user_space_msr = 188;
constexpr std::uint32_t max_vcpu_id = 128;
constexpr std::uint32_t triple_fault_event = 218;
}  // namespace cap

}  // namespace

std::optional<Answer> X86Vm::own_ioctl(const Ioctl& call, Memory& memory) {
    switch (call.request) {
        case request::set_tss_addr:
            return result(call.argument <= 0xffffffff - 3 * page_size ? 0 : EINVAL);
        case request::set_identity_map_addr:
            return set_identity_map(memory, call.argument);
        case request::create_irqchip:
            return create_irqchip();
        case request::get_irqchip:
            return get_irqchip(memory, call.argument);
        case request::set_irqchip:
            return set_irqchip(memory, call.argument);
        case request::create_pit:
        case request::create_pit2:
            return create_pit(memory, call);
        case request::get_pit2:
            return has_pit_ ? copy_out(memory, call.argument, pit_) : fails(ENXIO);
        case request::set_pit2:
            return has_pit_ ? result(memory.read(call.argument, pit_) ? 0 : EFAULT) : fails(ENXIO);
        case request::reinject_control:
            return result(has_pit_ ? 0 : ENXIO);
        case request::set_boot_cpu_id:
            if (vcpu_count() > 0) return fails(EBUSY);
            boot_cpu_ = static_cast<std::uint32_t>(call.argument);
            return gives(0);
        case request::get_clock:
            return copy_out(memory, call.argument, clock_);
        case request::set_clock:
            return set_clock(memory, call.argument);
        case request::get_nr_mmu_pages:
            return gives(static_cast<std::int64_t>(mmu_pages_));
        case request::set_nr_mmu_pages:
            if (call.argument < 64 || call.argument > UINT32_MAX) return fails(EINVAL);
            mmu_pages_ = call.argument;
            return gives(0);
        case request::set_msr_filter:
            return set_msr_filter(memory, call.argument);
        case request::get_tsc_khz:
            return gives(tsc_khz_);
        case request::set_tsc_khz:
            if (vcpu_count() > 0 || call.argument > UINT32_MAX) return fails(EINVAL);
            tsc_khz_ = call.argument == 0 ? tsc_khz : static_cast<std::uint32_t>(call.argument);
            return gives(0);
        default:
            return std::nullopt;
    }
}

Answer X86Vm::set_identity_map(const Memory& memory, std::uint64_t argument) const {
    if (vcpu_count() > 0) return fails(EINVAL);
    return result(copy_in<std::uint64_t>(memory, argument) ? 0 : EFAULT);
}

Answer X86Vm::create_irqchip() {
    if (controllers_ != Controllers::none) return fails(EEXIST);
    if (vcpu_count() > 0) return fails(EINVAL);
    controllers_ = Controllers::all;
    return gives(0);
}

int X86Vm::enable_split_irqchip(std::uint64_t pins) {
    if (pins > most_ioapic_pins) return EINVAL;
    if (controllers_ != Controllers::none) return EEXIST;
    if (vcpu_count() > 0) return EINVAL;
    controllers_ = Controllers::split;
    return 0;
}

Answer X86Vm::get_irqchip(Memory& memory, std::uint64_t argument) const {
    auto irqchip = copy_in<Irqchip>(memory, argument);
    if (!irqchip) return fails(EFAULT);
    const std::string detail = fmt::format("chip={}", irqchip->id);
    if (controllers_ != Controllers::all) return fails(ENXIO, detail);
    if (irqchip->id >= irqchips_.size()) return fails(EINVAL, detail);
    irqchip->chip = irqchips_[irqchip->id];
    return copy_out(memory, argument, *irqchip, gives(0, detail));
}

Answer X86Vm::set_irqchip(const Memory& memory, std::uint64_t argument) {
    const auto irqchip = copy_in<Irqchip>(memory, argument);
    if (!irqchip) return fails(EFAULT);
    const std::string detail = fmt::format("chip={}", irqchip->id);
    if (controllers_ != Controllers::all) return fails(ENXIO, detail);
    if (irqchip->id >= irqchips_.size()) return fails(EINVAL, detail);
    irqchips_[irqchip->id] = irqchip->chip;
    return gives(0, detail);
}

Answer X86Vm::create_pit(const Memory& memory, const Ioctl& call) {
    if (call.request == request::create_pit2 && !copy_in<PitConfig>(memory, call.argument))
        return fails(EFAULT);
    if (has_pit_) return fails(EEXIST);
    if (controllers_ != Controllers::all) return fails(ENOENT);
    has_pit_ = true;
    return gives(0);
}

Answer X86Vm::set_clock(const Memory& memory, std::uint64_t argument) {
    const auto clock = copy_in<Clock>(memory, argument);
    if (!clock) return fails(EFAULT);
    // KVM_CLOCK_REALTIME is the only flag that may be set, and is not offered.
    if (clock->flags & ~Clock::tsc_stable) return fails(EINVAL);
    clock_.clock = clock->clock;
    return gives(0);
}

Answer X86Vm::set_msr_filter(const Memory& memory, std::uint64_t argument) const {
    const auto filter = copy_in<std::array<std::uint64_t, 0x188 / 8>>(memory, argument);
    if (!filter) return fails(EFAULT);
    return result((*filter)[0] & 0xfffffffe ? EINVAL : 0);  // flags: KVM_MSR_FILTER_DEFAULT_DENY
}

std::shared_ptr<File> X86Vm::make_vcpu(std::uint32_t id, std::unique_ptr<Share> share) {
    return std::make_shared<X86Vcpu>(std::static_pointer_cast<X86Vm>(shared_from_this()), id,
                                     std::move(share));
}

int X86Vm::may_create_vcpu(std::uint64_t) const {
    return 0;
}

int X86Vm::may_enable(const EnableCap& enable) {
    switch (enable.cap) {
        case cap::split_irqchip:
            return enable_split_irqchip(enable.args[0]);
        case cap::x2apic_api:
            return enable.args[0] & ~3ULL ? EINVAL : 0;
        case cap::manual_dirty_log_protect2:
            return enable.args[0] & ~3ULL ? EINVAL : 0;
        case cap::max_vcpu_id:
        case cap::exception_payload:
        case cap::halt_poll:
        case cap::user_space_msr:
        case cap::triple_fault_event:
            return 0;
        default:
            return EINVAL;
    }
}

int X86Vm::irq_line(const IrqLevel&) {
    return controllers_ == Controllers::none ? ENXIO : 0;
}

int X86Vm::irqfd() const {
    return controllers_ == Controllers::none ? EAGAIN : 0;
}

int X86Vm::routes(std::span<const IrqRoutingEntry> entries) const {
    if (controllers_ == Controllers::none) return EINVAL;
    for (const IrqRoutingEntry& entry : entries) {
        const bool chip = entry.type == IrqRoutingEntry::irqchip && controllers_ == Controllers::all;
        if (!chip && entry.type != IrqRoutingEntry::msi) return EINVAL;
        if (chip && entry.where[0] >= irqchips_.size()) return EINVAL;
    }
    return 0;
}

int X86Vm::signal_msi(const Msi& msi) const {
    return controllers_ == Controllers::none || msi.flags != 0 ? EINVAL : 0;
}

// VFIO is all there is on x86, and it knows no attribute here: without VFIO devices none is asked for.
Answer X86Vm::create_device(std::uint32_t, bool) {
    return fails(ENODEV);
}

}  // namespace rehang::fakes::kvm::x86
