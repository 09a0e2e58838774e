#include "devices/kvm/arm64/vgic.h"

#include <fmt/format.h>

#include "devices/kvm/arm64/capabilities.h"
#include "devices/kvm/arm64/registers.h"
#include "devices/kvm/arm64/structures.h"
#include "devices/kvm/requests.h"

namespace rehang::fakes::kvm::arm64 {

namespace {

// Attributes of registers: the vCPU in the upper half, an offset or an encoding in the lower.
constexpr std::uint64_t offset_of(std::uint64_t attribute) {
    return attribute & 0xffffffff;
}

constexpr std::uint32_t vcpu_part(std::uint64_t attribute) {
    return static_cast<std::uint32_t>(attribute >> 32);
}

// From an MPIDR's affinity, as the model gives it out.
constexpr std::uint32_t vcpu_of_affinity(std::uint32_t affinity) {
    return (affinity & 0xf) | (affinity >> 8 & 0xff) << 4 | (affinity >> 16 & 0xff) << 12;
}

constexpr std::uint64_t gicd_typer = 0x4, gicr_typer = 0x8;
constexpr std::uint64_t icc_ctlr_el1 = 0xc664;  // op0 3, op1 0, CRn 12, CRm 12, op2 4
constexpr std::uint64_t v2_frame = 0x1000, v3_frame = 0x10000;

std::optional<std::uint64_t> read_value(const Memory& memory, std::uint64_t address, bool wide) {
    if (wide) return copy_in<std::uint64_t>(memory, address);
    return copy_in<std::uint32_t>(memory, address);
}

constexpr std::uint64_t not_set = ~0ULL;  // an address that nobody has set: VGIC_ADDR_UNDEF

}  // namespace

VgicFile::VgicFile(Kind kind, HostPtr host, std::shared_ptr<File> vm, Vgic& vgic, const VcpuIds& vcpus,
                   std::unique_ptr<Share> share)
    : kind_(kind),
      host_(std::move(host)),
      vm_(std::move(vm)),
      vgic_(vgic),
      vcpus_(vcpus),
      share_(std::move(share)) {}

std::string VgicFile::name() const {
    switch (kind_) {
        case Kind::v2:
            return "gic v2";
        case Kind::v3:
            return "gic v3";
        default:
            return "its";
    }
}

Answer VgicFile::ioctl(const Ioctl& call, Memory& memory) {
    const bool sets = call.request == request::set_device_attr;
    const bool gets = call.request == request::get_device_attr;
    if (!sets && !gets && call.request != request::has_device_attr) return unknown_request();
    const auto attribute = copy_in<DeviceAttribute>(memory, call.argument);
    if (!attribute) return fails(EFAULT);
    const std::string detail = fmt::format("group={} attr={:#x}", attribute->group, attribute->attribute);
    const Place place = place_of(*attribute);
    if (place.errno_value != 0 || (!sets && !gets)) return result(place.errno_value, detail);
    if (attribute->group == vgic_group::control)  // is done, and has no value
        return result(sets ? control(attribute->attribute) : ENXIO, detail);
    if (const int refused = access_errno(*attribute)) return fails(refused, detail);
    if (sets) {
        const auto value = read_value(memory, attribute->address, place.wide);
        if (!value) return fails(EFAULT, detail);
        return result(set(*attribute, *value), fmt::format("{} value={:#x}", detail, *value));
    }
    const std::uint64_t value = get(*attribute);
    const Answer told = gives(0, fmt::format("{} value={:#x}", detail, value));
    return place.wide ? copy_out(memory, attribute->address, value, told)
                      : copy_out(memory, attribute->address, static_cast<std::uint32_t>(value), told);
}

VgicFile::Place VgicFile::place_of(const DeviceAttribute& attribute) const {
    switch (attribute.group) {
        case vgic_group::address:
            return address_place(attribute.attribute);
        case vgic_group::nr_irqs:
            return {.errno_value = kind_ == Kind::its ? ENXIO : 0};
        case vgic_group::control: {
            const bool v3_only = attribute.attribute == vgic_control::save_pending_tables;
            const bool its_only = attribute.attribute == vgic_control::its_save_tables ||
                                  attribute.attribute == vgic_control::its_restore_tables ||
                                  attribute.attribute == vgic_control::its_reset;
            const bool there = attribute.attribute == vgic_control::init || (v3_only && kind_ == Kind::v3) ||
                               (its_only && kind_ == Kind::its);
            return {.errno_value = there ? 0 : ENXIO};
        }
        default:
            return register_place(attribute);
    }
}

VgicFile::Place VgicFile::address_place(std::uint64_t attribute) const {
    const auto belongs_to = [&]() -> Kind {
        switch (attribute) {
            case vgic_address::v2_distributor:
            case vgic_address::v2_cpu_interface:
                return Kind::v2;
            case vgic_address::its:
                return Kind::its;
            default:
                return Kind::v3;
        }
    };
    const bool there = attribute <= vgic_address::v3_redistributor_region && belongs_to() == kind_;
    return {.errno_value = there ? 0 : ENXIO, .wide = true};
}

VgicFile::Place VgicFile::register_place(const DeviceAttribute& attribute) const {
    const std::uint64_t offset = offset_of(attribute.attribute);
    const auto inside = [&](bool of_this_kind, std::uint64_t size, std::uint64_t width) {
        return Place{.errno_value = of_this_kind && offset < size && offset % width == 0 ? 0 : ENXIO,
                     .wide = width == 8};
    };
    switch (attribute.group) {
        case vgic_group::distributor:
            return kind_ == Kind::v2 ? inside(true, v2_frame, 4) : inside(kind_ == Kind::v3, v3_frame, 4);
        case vgic_group::cpu_interface:
            return inside(kind_ == Kind::v2, v2_frame, 4);
        case vgic_group::redistributor:
            return inside(kind_ == Kind::v3, 2 * v3_frame, 4);  // its registers, then those of its interrupts
        case vgic_group::system_registers:
            return {.errno_value = kind_ == Kind::v3 && offset <= 0xffff ? 0 : ENXIO, .wide = true};
        case vgic_group::level_info:  // 32 interrupts' lines at a time
            return inside(kind_ == Kind::v3, 1024, 32);
        case vgic_group::its_registers:
            // GITS_CTLR and GITS_IIDR are 32 bits wide, and the interface still takes 64.
            return {.errno_value = kind_ == Kind::its && offset < v3_frame && offset % 4 == 0 ? 0 : ENXIO,
                    .wide = true};
        default:
            return {.errno_value = ENXIO};
    }
}

int VgicFile::access_errno(const DeviceAttribute& attribute) const {
    switch (attribute.group) {
        case vgic_group::distributor:
        case vgic_group::cpu_interface:
        case vgic_group::redistributor:
        case vgic_group::system_registers:
        case vgic_group::level_info:
            // A GICv2 is initialised by the first access.
            if (kind_ == Kind::v3 && !vgic_.initialized) return EBUSY;
            return vcpu_errno(attribute);
        case vgic_group::its_registers:
            return kept_.contains({vgic_group::address, vgic_address::its}) ? 0 : ENXIO;
        default:
            return 0;
    }
}

int VgicFile::vcpu_errno(const DeviceAttribute& attribute) const {
    const std::uint32_t vcpu = vcpu_part(attribute.attribute);
    if (kind_ == Kind::v2) return (vcpu & 0xff) < vcpus_.count() ? 0 : EINVAL;
    return vcpus_.has(vcpu_of_affinity(vcpu)) ? 0 : EINVAL;
}

int VgicFile::set(const DeviceAttribute& attribute, std::uint64_t value) {
    if (attribute.group == vgic_group::nr_irqs) return set_nr_irqs(value);
    if (attribute.group == vgic_group::address) return set_address(attribute, value);
    if (kind_ == Kind::v2) vgic_.initialized = true;
    return keep(attribute, value);
}

int VgicFile::control(std::uint64_t attribute) {
    if (kind_ == Kind::its) return 0;
    if (attribute == vgic_control::init) vgic_.initialized = true;
    return attribute == vgic_control::init || vgic_.initialized ? 0 : ENODEV;
}

int VgicFile::set_nr_irqs(std::uint64_t value) {
    if (value < 64 || value > 1024 || value % 32 != 0) return EINVAL;
    if (vgic_.initialized || vgic_.nr_irqs != 0) return EBUSY;
    vgic_.nr_irqs = static_cast<std::uint32_t>(value);
    return 0;
}

int VgicFile::set_address(const DeviceAttribute& attribute, std::uint64_t value) {
    const bool region = attribute.attribute == vgic_address::v3_redistributor_region;
    // A region has its index and its size in the bits that an address leaves free.
    const std::uint64_t address = region ? value & 0x000fffffffff0000 : value;
    if (address % (kind_ == Kind::v2 ? v2_frame : v3_frame) != 0) return EINVAL;
    if (address >> most_ipa_bits != 0) return E2BIG;
    // Regions of redistributors: several, which differ in their index.
    const std::uint64_t key = region ? attribute.attribute | (value & 0xfff) << 32 : attribute.attribute;
    if (kept_.contains({attribute.group, key})) return EEXIST;
    return keep({.group = attribute.group, .attribute = key}, value);
}

int VgicFile::keep(const DeviceAttribute& attribute, std::uint64_t value) {
    const std::pair key(attribute.group, attribute.attribute);
    if (const auto found = kept_.find(key); found != kept_.end()) {
        found->second.value = value;
        return 0;
    }
    auto share = Share::of(host_->entries);
    if (!share) return ENOMEM;
    kept_.emplace(key, Kept{.value = value, .share = std::move(share)});
    return 0;
}

std::uint64_t VgicFile::get(const DeviceAttribute& attribute) const {
    if (attribute.group == vgic_group::nr_irqs) return vgic_.irqs();
    const auto found = kept_.find({attribute.group, attribute.attribute});
    return found == kept_.end() ? at_reset(attribute) : found->second.value;
}

std::uint64_t VgicFile::at_reset(const DeviceAttribute& attribute) const {
    const std::uint64_t offset = offset_of(attribute.attribute);
    const std::uint32_t vcpu = vcpu_of_affinity(vcpu_part(attribute.attribute));
    switch (attribute.group) {
        case vgic_group::address:
            return not_set;
        case vgic_group::distributor: {
            if (offset != gicd_typer) return 0;
            const std::uint64_t lines = vgic_.irqs() / 32 - 1;
            return kind_ == Kind::v2 ? lines | ((vcpus_.count() - 1) & 7) << 5 : lines;
        }
        case vgic_group::redistributor: {
            if (offset == gicr_typer + 4) return affinity_of(vcpu);
            const std::uint64_t is_last = vcpus_.has(vcpu + 1) ? 0 : 1 << 4;
            return offset == gicr_typer
                       ? static_cast<std::uint64_t>(vcpu) << 8 | is_last | (vgic_.has_its ? 1 : 0)
                       : 0;
        }
        case vgic_group::system_registers:
            return offset == icc_ctlr_el1 ? 0x400 : 0;  // 5 bits of priority
        default:
            return 0;
    }
}

}  // namespace rehang::fakes::kvm::arm64
