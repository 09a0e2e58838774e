// /dev/kvm itself: the device, and a file of it.
#pragma once

#include "devices/kvm/host.h"

namespace rehang::fakes::kvm {

class System : public File {
  public:
    std::string name() const override { return "kvm"; }
    Answer ioctl(const Ioctl& call, Memory& memory) final;

  protected:
    System(HostPtr host, std::size_t vcpu_mapped_size, std::unique_ptr<Share> share)
        : host_(std::move(host)), vcpu_mapped_size_(vcpu_mapped_size), share_(std::move(share)) {}

    virtual std::optional<Answer> own_ioctl(const Ioctl& call, Memory& memory) = 0;
    // errno, or 0.
    virtual int may_create_vm(std::uint64_t type) const = 0;
    virtual std::shared_ptr<File> make_vm(HostPtr host, std::unique_ptr<Share> share) = 0;

  private:
    Answer create_vm(std::uint64_t type);

    HostPtr host_;
    std::size_t vcpu_mapped_size_;
    std::unique_ptr<Share> share_;
};

class KvmDevice : public Device {
  public:
    Answer open(int flags) final;
    std::vector<std::uint32_t> waiting_requests() const final;

  protected:
    explicit KvmDevice(HostPtr host) : host_(std::move(host)) {}
    virtual std::shared_ptr<File> make_system(HostPtr host, std::unique_ptr<Share> share) = 0;

  private:
    HostPtr host_;
};

}  // namespace rehang::fakes::kvm
