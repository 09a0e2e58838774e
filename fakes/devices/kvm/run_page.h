// struct kvm_run: the page that a vCPU shares with the VMM, as include/uapi/linux/kvm.h of Linux 6.1 lays it
// out. The target may write all of it at any time, so nothing read from it is trusted, and little is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "devices/kvm/settings.h"

namespace rehang::fakes::kvm {

class RunPage {
  public:
    // Empty until the vCPU's file is shared; all that is written is lost then.
    void share(std::span<std::byte> page) { page_ = page; }

    // KVM_RUN must come back at once.
    bool immediate_exit() const;

    void exit_by_signal();  // KVM_EXIT_INTR
    void exit_by_mmio(const MmioWrite& write);
    // What KVM on x86 tells at each exit.
    void tell_x86(bool interrupts_enabled, bool ready_for_interrupt, std::uint64_t cr8,
                  std::uint64_t apic_base);

  private:
    template <class T>
    void write(std::size_t offset, const T& value);

    std::span<std::byte> page_;
};

}  // namespace rehang::fakes::kvm
