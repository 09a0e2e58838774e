// A vCPU: what both architectures have of it. It runs no instruction.
#pragma once

#include <memory>

#include "devices/kvm/run_page.h"
#include "devices/kvm/structures.h"
#include "devices/kvm/vm.h"

namespace rehang::fakes::kvm {

class Vcpu : public File {
  public:
    std::string name() const override;
    Answer ioctl(const Ioctl& call, Memory& memory) final;
    void share(std::span<std::byte> mapped) final { page_.share(mapped); }

  protected:
    Vcpu(std::shared_ptr<Vm> vm, std::uint32_t id, MpState state, std::unique_ptr<Share> share);

    // First: requests of this architecture, and those that it answers otherwise. Nothing: not one of them.
    virtual std::optional<Answer> own_ioctl(const Ioctl& call, Memory& memory) = 0;
    // errno of KVM_RUN, or 0; for the latter, what this architecture tells in the page has been written.
    virtual int before_run() = 0;
    virtual bool may_have(MpState state) const = 0;

    std::uint32_t id() const { return id_; }
    RunPage& page() { return page_; }
    MpState mp_state() const { return mp_state_; }
    void set_mp_state(MpState state) { mp_state_ = state; }

  private:
    Answer run(std::uint64_t argument);
    Answer set_signal_mask(const Memory& memory, std::uint64_t argument) const;
    Answer get_mp_state(Memory& memory, std::uint64_t argument) const;
    Answer set_mp_state(const Memory& memory, std::uint64_t argument);

    std::shared_ptr<Vm> vm_;
    std::uint32_t id_;
    std::unique_ptr<Share> share_;
    RunPage page_;
    MpState mp_state_;
};

}  // namespace rehang::fakes::kvm
