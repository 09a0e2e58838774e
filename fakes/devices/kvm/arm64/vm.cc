#include "devices/kvm/arm64/vm.h"

#include "devices/kvm/arm64/structures.h"
#include "devices/kvm/arm64/vcpu.h"
#include "devices/kvm/requests.h"

namespace rehang::fakes::kvm::arm64 {

namespace {

namespace request = kvm::request::arm64;

constexpr std::uint32_t nisv_to_user = 177;       // KVM_CAP_ARM_NISV_TO_USER
constexpr std::uint32_t create_irqchip = 0xae60;  // KVM_CREATE_IRQCHIP: a GICv2, as before there were devices
constexpr std::size_t most_v2_vcpus = 8;

// KVM_IRQ_LINE's irq: which vCPU, what kind, which number.
struct Line {
    enum class Kind : std::uint32_t { cpu = 0, spi = 1, ppi = 2 };
    std::uint32_t vcpu;
    Kind kind;
    std::uint32_t number;
};

Line line_of(std::uint32_t irq) {
    return {.vcpu = (irq >> 16 & 0xff) + 256 * (irq >> 28),
            .kind = static_cast<Line::Kind>(irq >> 24 & 0xf),
            .number = irq & 0xffff};
}

}  // namespace

std::optional<Answer> Arm64Vm::own_ioctl(const Ioctl& call, Memory& memory) {
    switch (call.request) {
        case request::preferred_target:
            return copy_out(memory, call.argument, VcpuInit{.target = VcpuInit::generic_v8});
        case request::set_device_addr:
            return result(set_device_address(memory, call.argument));
        case create_irqchip:
            return result(offers(device_type::vgic_v2) ? create_vgic(Vgic::Version::v2) : ENXIO);
        case kvm::request::set_device_attr:
        case kvm::request::get_device_attr:
        case kvm::request::has_device_attr:  // a VM has no attributes in Linux 6.1
            return fails(copy_in<DeviceAttribute>(memory, call.argument) ? ENXIO : EFAULT);
        default:
            return std::nullopt;
    }
}

// The way before KVM_SET_DEVICE_ATTR to say where the GICv2 is.
int Arm64Vm::set_device_address(const Memory& memory, std::uint64_t argument) const {
    const auto address = copy_in<DeviceAddress>(memory, argument);
    if (!address) return EFAULT;
    if (address->id >> 16 != 0) return ENODEV;  // KVM_ARM_DEVICE_VGIC_V2
    return vgic_.version == Vgic::Version::v2 ? 0 : ENXIO;
}

std::shared_ptr<File> Arm64Vm::make_vcpu(std::uint32_t id, std::unique_ptr<Share> share) {
    return std::make_shared<Arm64Vcpu>(std::static_pointer_cast<Arm64Vm>(shared_from_this()), id,
                                       std::move(share));
}

int Arm64Vm::may_create_vcpu(std::uint64_t) const {
    if (vgic_.initialized) return EBUSY;
    return vgic_.version == Vgic::Version::v2 && vcpu_count() >= most_v2_vcpus ? EINVAL : 0;
}

int Arm64Vm::may_enable(const EnableCap& cap) {
    return cap.cap == nisv_to_user ? 0 : EINVAL;
}

int Arm64Vm::irq_line(const IrqLevel& level) {
    const Line line = line_of(level.irq);
    switch (line.kind) {
        case Line::Kind::cpu:  // a vCPU's own IRQ and FIQ: only for VMMs that are the interrupt controller
            if (vgic_.works()) return ENXIO;
            return line.vcpu < vcpu_count() && line.number <= 1 ? 0 : EINVAL;
        case Line::Kind::ppi:
            if (!vgic_.works()) return ENXIO;
            if (line.vcpu >= vcpu_count() || line.number < 16 || line.number >= 32) return EINVAL;
            break;
        case Line::Kind::spi:
            if (!vgic_.works()) return ENXIO;
            if (line.number < 32 || line.number >= vgic_.irqs()) return EINVAL;
            break;
        default:
            return EINVAL;
    }
    if (!vgic_.initialized && vgic_.version == Vgic::Version::v3) return EBUSY;
    vgic_.initialized = true;
    return 0;
}

int Arm64Vm::irqfd() const {
    return vgic_.works() && vgic_.initialized ? 0 : EAGAIN;
}

int Arm64Vm::routes(std::span<const IrqRoutingEntry> entries) const {
    for (const IrqRoutingEntry& entry : entries)
        if (entry.type != IrqRoutingEntry::irqchip && entry.type != IrqRoutingEntry::msi) return EINVAL;
    return 0;
}

int Arm64Vm::signal_msi(const Msi& msi) const {
    if (!vgic_.works() || msi.flags & ~Msi::valid_devid) return EINVAL;
    if (!vgic_.has_its) return ENODEV;
    return msi.flags & Msi::valid_devid ? 0 : EINVAL;
}

bool Arm64Vm::offers(std::uint32_t type) const {
    switch (type) {
        case device_type::vgic_v2:
            return host().settings.gic_v2;
        case device_type::vgic_v3:
        case device_type::vgic_its:
            return host().settings.gic_v3;
        default:
            return false;
    }
}

int Arm64Vm::create_vgic(Vgic::Version version) {
    if (vgic_.version != Vgic::Version::none) return EEXIST;
    if (version == Vgic::Version::v2 && vcpu_count() > most_v2_vcpus) return E2BIG;
    vgic_.version = version;
    vgic_.hollow = version == Vgic::Version::v2 && host().settings.gic_v2_hollow;
    return 0;
}

Answer Arm64Vm::create_device(std::uint32_t type, bool test) {
    if (!offers(type)) return fails(ENODEV);
    if (test) return gives(0);
    auto share = new_file();
    if (!share) return fails(ENOMEM);
    const VcpuIds& vcpus = *this;
    const auto make = [&](VgicFile::Kind kind) {
        return opens(
            std::make_shared<VgicFile>(kind, host_, shared_from_this(), vgic_, vcpus, std::move(share)));
    };
    if (type == device_type::vgic_its) {
        vgic_.has_its = true;
        return make(VgicFile::Kind::its);
    }
    const bool v2 = type == device_type::vgic_v2;
    if (const int refused = create_vgic(v2 ? Vgic::Version::v2 : Vgic::Version::v3)) return fails(refused);
    return make(v2 ? VgicFile::Kind::v2 : VgicFile::Kind::v3);
}

}  // namespace rehang::fakes::kvm::arm64
