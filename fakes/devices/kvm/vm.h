// A VM: what both architectures have of it.
#pragma once

#include <memory>
#include <set>

#include "devices/kvm/eventfds.h"
#include "devices/kvm/host.h"
#include "devices/kvm/memory_slots.h"

namespace rehang::fakes::kvm {

class Vm : public File, public std::enable_shared_from_this<Vm> {
  public:
    std::string name() const override { return "vm"; }
    Answer ioctl(const Ioctl& call, Memory& memory) final;

    const Host& host() const { return *host_; }
    std::size_t vcpu_count() const { return vcpus_.size(); }
    bool has_vcpu(std::uint32_t id) const { return vcpus_.contains(id); }
    // The next write that vCPU 0 makes by the settings; nullptr: there is none any more.
    const MmioWrite* next_mmio_write();

  protected:
    Vm(HostPtr host, std::unique_ptr<Share> share);

    // First: requests of this architecture, and those that it answers otherwise. Nothing: not one of them.
    virtual std::optional<Answer> own_ioctl(const Ioctl& call, Memory& memory) = 0;
    virtual std::shared_ptr<File> make_vcpu(std::uint32_t id, std::unique_ptr<Share> share) = 0;
    // errno, or 0.
    virtual int may_create_vcpu(std::uint64_t id) const = 0;
    virtual int may_enable(const EnableCap& cap) = 0;
    virtual int irq_line(const IrqLevel& line) = 0;
    virtual int irqfd() const = 0;
    virtual int routes(std::span<const IrqRoutingEntry> entries) const = 0;
    virtual int signal_msi(const Msi& msi) const = 0;
    // KVM_CREATE_DEVICE of a type that exists (`test`: would it?), or -errno.
    virtual Answer create_device(std::uint32_t type, bool test) = 0;

    std::unique_ptr<Share> new_file() const { return Share::of(host_->files); }

  private:
    Answer create_vcpu(std::uint64_t id);
    Answer enable_cap(const Memory& memory, std::uint64_t argument);
    Answer irq_line(const Ioctl& call, Memory& memory);
    Answer set_gsi_routing(const Memory& memory, std::uint64_t argument);
    Answer signal_msi(const Memory& memory, std::uint64_t argument);
    Answer create_device(Memory& memory, std::uint64_t argument);

    HostPtr host_;
    std::unique_ptr<Share> share_;
    MemorySlots slots_;
    Eventfds eventfds_;
    // Ids. A vCPU whose file is closed lives on with its VM, so none becomes free again.
    std::set<std::uint32_t> vcpus_;
    std::uint64_t irq_line_calls_ = 0;
    std::size_t mmio_writes_done_ = 0;
};

}  // namespace rehang::fakes::kvm
