#include "devices/kvm/arm64/vcpu.h"

#include <fmt/format.h>

#include "devices/kvm/requests.h"

namespace rehang::fakes::kvm::arm64 {

namespace {

namespace request = kvm::request::arm64;

bool is_ppi(std::uint32_t irq) {
    return irq >= 16 && irq < 32;
}

bool is_spi(std::uint32_t irq) {
    return irq >= 32 && irq < 1020;
}

}  // namespace

Arm64Vcpu::Arm64Vcpu(std::shared_ptr<Arm64Vm> vm, std::uint32_t id, std::unique_ptr<Share> share)
    : Vcpu(vm, id, MpState::runnable, std::move(share)),
      vm_(std::move(vm)),
      registers_(Processor{.vcpu = id}) {}

std::optional<Answer> Arm64Vcpu::own_ioctl(const Ioctl& call, Memory& memory) {
    switch (call.request) {
        case request::vcpu_init:
            return init(memory, call.argument);
        case request::get_reg_list:
            return get_reg_list(memory, call.argument);
        case request::get_one_reg:
        case request::set_one_reg:
            return one_register(call, memory);
        case request::get_vcpu_events:
            return copy_out(memory, call.argument, events_);
        case request::set_vcpu_events: {
            const auto events = copy_in<VcpuEvents>(memory, call.argument);
            if (!events) return fails(EFAULT);
            events_ = *events;
            return gives(0);
        }
        case request::set_guest_debug:
            return result(copy_in<GuestDebug>(memory, call.argument) ? 0 : EFAULT);
        case request::vcpu_finalize:  // nothing here needs it
            return fails(copy_in<std::uint32_t>(memory, call.argument) ? EINVAL : EFAULT);
        case kvm::request::set_device_attr:
        case kvm::request::get_device_attr:
        case kvm::request::has_device_attr:
            return attribute(call, memory);
        default:
            return std::nullopt;
    }
}

Answer Arm64Vcpu::init(const Memory& memory, std::uint64_t argument) {
    const auto given = copy_in<VcpuInit>(memory, argument);
    if (!given) return fails(EFAULT);
    const std::string detail = fmt::format("target={} features={:#x}", given->target, given->features[0]);
    if (const int wrong = init_errno(*given)) return fails(wrong, detail);
    init_ = *given;
    const bool has_gic_v3 = vm_->host().settings.gic_v3;
    registers_ = Registers(Processor{.vcpu = id(), .gic_v3 = has_gic_v3, .pmu = has_pmu()});
    set_mp_state(given->features[0] & feature::power_off ? MpState::stopped : MpState::runnable);
    return gives(0, detail);
}

int Arm64Vcpu::init_errno(const VcpuInit& given) const {
    if (given.target != VcpuInit::generic_v8) return EINVAL;
    for (std::size_t word = 1; word < given.features.size(); ++word)
        if (given.features[word] != 0) return ENOENT;
    if (given.features[0] & ~feature::all) return ENOENT;
    const std::uint32_t offered =
        feature::power_off | feature::psci_0_2 | (vm_->host().settings.pmu ? feature::pmu_v3 : 0);
    if (given.features[0] & ~offered) return EINVAL;
    // A reset may start it or not, and changes nothing else.
    if (init_ && (init_->features[0] ^ given.features[0]) & ~feature::power_off) return EINVAL;
    return 0;
}

// How many there are is told also when there is no room for so many.
Answer Arm64Vcpu::get_reg_list(Memory& memory, std::uint64_t argument) const {
    if (!init_) return fails(ENOEXEC);
    const auto room = copy_in<std::uint64_t>(memory, argument);
    if (!room) return fails(EFAULT);
    const auto ids = registers_.list();
    const std::string detail = fmt::format("room for {} of {}", *room, ids.size());
    if (!memory.write(argument, bytes_of(std::uint64_t{ids.size()}))) return fails(EFAULT, detail);
    if (*room < ids.size()) return fails(E2BIG, detail);
    const bool written = memory.write(argument + sizeof(std::uint64_t), std::as_bytes(std::span(ids)));
    return result(written ? 0 : EFAULT, detail);
}

Answer Arm64Vcpu::one_register(const Ioctl& call, Memory& memory) {
    if (!init_) return fails(ENOEXEC);
    const auto one = copy_in<OneReg>(memory, call.argument);
    if (!one) return fails(EFAULT);
    const std::string name = register_name(one->id);
    RegisterValue value{};
    if (const int wrong = registers_.get(one->id, value)) return fails(wrong, name);
    const auto bytes = std::as_writable_bytes(std::span(value)).first(register_id::bytes(one->id));
    if (call.request == request::get_one_reg)
        return result(memory.write(one->address, bytes) ? 0 : EFAULT,
                      fmt::format("{}={:#x}", name, value[0]));
    value = {};
    if (!memory.read(one->address, bytes)) return fails(EFAULT, name);
    return result(registers_.set(one->id, value), fmt::format("{}={:#x}", name, value[0]));
}

Answer Arm64Vcpu::attribute(const Ioctl& call, Memory& memory) {
    const auto attribute = copy_in<DeviceAttribute>(memory, call.argument);
    if (!attribute) return fails(EFAULT);
    Answer answer = fails(ENXIO);
    if (attribute->group == vcpu_group::pmu_v3) answer = pmu_attribute(call, *attribute, memory);
    if (attribute->group == vcpu_group::timer) answer = timer_attribute(call, *attribute, memory);
    answer.detail = fmt::format("group={} attr={}{}{}", attribute->group, attribute->attribute,
                                answer.detail.empty() ? "" : " ", answer.detail);
    return answer;
}

Answer Arm64Vcpu::pmu_attribute(const Ioctl& call, const DeviceAttribute& attribute, Memory& memory) {
    if (call.request == kvm::request::has_device_attr)
        return result(has_pmu() && attribute.attribute <= pmu_attribute::set_pmu ? 0 : ENXIO, "PMU");
    if (call.request == kvm::request::get_device_attr) {
        if (attribute.attribute != pmu_attribute::irq) return fails(ENXIO);
        if (!vm_->vgic().works()) return fails(EINVAL, "PMU IRQ");
        if (!has_pmu()) return fails(ENODEV, "PMU IRQ");
        return pmu_irq_ ? copy_out(memory, attribute.address, *pmu_irq_, gives(0, "PMU IRQ"))
                        : fails(ENXIO, "PMU IRQ");
    }
    if (!has_pmu()) return fails(ENODEV, "PMU");
    if (pmu_initialized_) return fails(EBUSY, "PMU");
    switch (attribute.attribute) {
        case pmu_attribute::irq:
            return result(set_pmu_irq(attribute, memory), "PMU IRQ");
        case pmu_attribute::init:
            return result(init_pmu(), "PMU INIT");
        case pmu_attribute::filter:
            return result(copy_in<std::uint64_t>(memory, attribute.address) ? 0 : EFAULT, "PMU FILTER");
        case pmu_attribute::set_pmu:  // there is one PMU, and it has no number
            return fails(copy_in<std::uint32_t>(memory, attribute.address) ? ENXIO : EFAULT, "PMU SET_PMU");
        default:
            return fails(ENXIO);
    }
}

int Arm64Vcpu::set_pmu_irq(const DeviceAttribute& attribute, const Memory& memory) {
    if (const int configured = vm_->host().settings.pmu_irq) return configured;
    if (!vm_->vgic().works()) return EINVAL;
    const auto irq = copy_in<std::uint32_t>(memory, attribute.address);
    if (!irq) return EFAULT;
    if (!is_ppi(*irq) && !is_spi(*irq)) return EINVAL;
    if (pmu_irq_) return EBUSY;
    pmu_irq_ = *irq;
    return 0;
}

int Arm64Vcpu::init_pmu() {
    if (const int configured = vm_->host().settings.pmu_init) return configured;
    if (vm_->vgic().works()) {
        if (!vm_->vgic().initialized) return ENODEV;
        if (!pmu_irq_) return ENXIO;
    }
    pmu_initialized_ = true;
    return 0;
}

Answer Arm64Vcpu::timer_attribute(const Ioctl& call, const DeviceAttribute& attribute, Memory& memory) {
    if (attribute.attribute >= timer_irqs_.size()) return fails(ENXIO);
    std::uint32_t& irq = timer_irqs_[attribute.attribute];
    if (call.request == kvm::request::has_device_attr) return gives(0, "timer");
    if (call.request == kvm::request::get_device_attr)
        return copy_out(memory, attribute.address, irq, gives(0, "timer"));
    if (!vm_->vgic().works()) return fails(EINVAL, "timer");
    const auto given = copy_in<std::uint32_t>(memory, attribute.address);
    if (!given) return fails(EFAULT, "timer");
    if (!is_ppi(*given)) return fails(EINVAL, "timer");
    irq = *given;
    return gives(0, "timer");
}

int Arm64Vcpu::before_run() {
    if (!init_) return ENOEXEC;
    return has_pmu() && !pmu_initialized_ ? EINVAL : 0;
}

bool Arm64Vcpu::may_have(MpState state) const {
    return state == MpState::runnable || state == MpState::stopped;
}

}  // namespace rehang::fakes::kvm::arm64
