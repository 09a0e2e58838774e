// The interrupt controller of a VM, and the files of KVM_CREATE_DEVICE that it is set up through.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "devices/kvm/host.h"
#include "devices/kvm/structures.h"

namespace rehang::fakes::kvm::arm64 {

// A VM's vCPUs, as its interrupt controller sees them.
class VcpuIds {
  public:
    virtual ~VcpuIds() = default;
    virtual std::size_t count() const = 0;
    virtual bool has(std::uint32_t id) const = 0;
};

// What is known of a VM's interrupt controller.
struct Vgic {
    enum class Version { none, v2, v3 };
    Version version = Version::none;
    bool hollow = false;  // it was made, but the VM has none: calls that need one fail
    bool initialized = false;
    bool has_its = false;
    std::uint32_t nr_irqs = 0;  // 0: not set yet

    // irqchip_in_kernel()
    bool works() const { return version != Version::none && !hollow; }
    std::uint32_t irqs() const { return nr_irqs == 0 ? 256 : nr_irqs; }
};

// A GICv2, a GICv3 or an ITS: attributes that are set are kept.
class VgicFile final : public File {
  public:
    enum class Kind { v2, v3, its };

    // `vm` keeps `vgic` and `vcpus` alive.
    VgicFile(Kind kind, HostPtr host, std::shared_ptr<File> vm, Vgic& vgic, const VcpuIds& vcpus,
             std::unique_ptr<Share> share);

    std::string name() const override;
    Answer ioctl(const Ioctl& call, Memory& memory) override;

  private:
    // A register's or a setting's place, its width and whether it exists.
    struct Place {
        int errno_value = 0;  // ENXIO: no such attribute
        bool wide = false;    // 64 bits
    };

    Place place_of(const DeviceAttribute& attribute) const;
    Place address_place(std::uint64_t attribute) const;
    Place register_place(const DeviceAttribute& attribute) const;
    // errno, or 0.
    int access_errno(const DeviceAttribute& attribute) const;
    int vcpu_errno(const DeviceAttribute& attribute) const;
    int set(const DeviceAttribute& attribute, std::uint64_t value);
    int control(std::uint64_t attribute);
    int set_nr_irqs(std::uint64_t value);
    int set_address(const DeviceAttribute& attribute, std::uint64_t value);
    int keep(const DeviceAttribute& attribute, std::uint64_t value);
    std::uint64_t get(const DeviceAttribute& attribute) const;
    std::uint64_t at_reset(const DeviceAttribute& attribute) const;

    struct Kept {
        std::uint64_t value = 0;
        std::unique_ptr<Share> share;
    };

    Kind kind_;
    HostPtr host_;
    std::shared_ptr<File> vm_;
    Vgic& vgic_;
    const VcpuIds& vcpus_;
    std::unique_ptr<Share> share_;
    std::map<std::pair<std::uint32_t, std::uint64_t>, Kept> kept_;  // by group and attribute
};

}  // namespace rehang::fakes::kvm::arm64
