#include "devices/kvm/x86/vm.h"

#include <fmt/format.h>

#include <algorithm>

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

// Which MSRs a guest may touch: no guest ever does, but what makes no sense is refused.
int msr_filter_errno(const Memory& memory, std::uint64_t argument) {
    const auto filter = copy_in<MsrFilter>(memory, argument);
    if (!filter) return EFAULT;
    if (filter->flags & ~MsrFilter::default_deny) return EINVAL;
    const bool empty =
        std::ranges::all_of(filter->ranges, [](const auto& range) { return range.count == 0; });
    if (empty && filter->flags & MsrFilter::default_deny) return EINVAL;
    for (const MsrFilter::Range& range : filter->ranges) {
        if (range.count == 0) continue;
        if (range.flags & ~MsrFilter::Range::known_flags || range.count > MsrFilter::Range::most)
            return EINVAL;
        if (!copy_in<std::uint64_t>(memory, range.bitmap, (range.count + 63) / 64)) return EFAULT;
    }
    return 0;
}

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
            return reinject_control(memory, call.argument);
        case request::set_boot_cpu_id:
            if (vcpu_count() > 0) return fails(EBUSY);
            boot_cpu_ = static_cast<std::uint32_t>(call.argument);
            return gives(0);
        case request::get_clock:
            return copy_out(memory, call.argument, clock_);
        case request::set_clock:
            return set_clock(memory, call.argument);
        case request::set_nr_mmu_pages:
            return result(call.argument < 64 ? EINVAL : 0);
        case request::set_msr_filter:
            return result(msr_filter_errno(memory, call.argument));
        case request::get_tsc_khz:
            return gives(tsc_khz_);
        case request::set_tsc_khz:
            if (vcpu_count() > 0) return fails(EINVAL);
            tsc_khz_ = khz_of(call.argument);
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

Answer X86Vm::reinject_control(const Memory& memory, std::uint64_t argument) const {
    if (!copy_in<ReinjectControl>(memory, argument)) return fails(EFAULT);
    return result(has_pit_ ? 0 : ENXIO);
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
        case cap::exception_payload:
            enabled_events_ |= VcpuEvents::payload;
            return 0;
        case cap::triple_fault_event:
            enabled_events_ |= VcpuEvents::triple_fault;
            return 0;
        case cap::max_vcpu_id:
        case cap::halt_poll:
        case cap::user_space_msr:
            return 0;
        default:
            return EINVAL;
    }
}

int X86Vm::irq_line(const IrqLevel&) {
    return controllers_ == Controllers::none ? ENXIO : 0;
}

int X86Vm::irqfd() const {
    return controllers_ == Controllers::none ? EINVAL : 0;
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
    if (controllers_ == Controllers::none || msi.flags & ~Msi::valid_devid) return EINVAL;
    return vcpu_count() == 0 ? EPERM : 0;  // the kernel's -1 of "nobody got it"
}

// VFIO is all there is on x86, and it knows no attribute here: without VFIO devices none is asked for.
Answer X86Vm::create_device(std::uint32_t, bool) {
    return fails(ENODEV);
}

}  // namespace rehang::fakes::kvm::x86
