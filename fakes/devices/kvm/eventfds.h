// What a VM has been told to do by itself, without its VMM: signal an eventfd when the guest writes
// (ioeventfd), raise an interrupt when an eventfd is signalled (irqfd), collect writes (coalesced zones).
// No guest ever writes here, so none of it is done; what is wrong is refused as the kernel refuses it.
#pragma once

#include <memory>
#include <vector>

#include "devices/answers.h"
#include "devices/kvm/budget.h"
#include "devices/kvm/structures.h"

namespace rehang::fakes::kvm {

class Eventfds {
  public:
    explicit Eventfds(std::shared_ptr<Budget> entries) : entries_(std::move(entries)) {}

    Answer ioeventfd(const Memory& memory, std::uint64_t argument);
    // `errno_without_controller`: what it gives while the VM has no interrupt controller; 0 if it has.
    Answer irqfd(const Memory& memory, std::uint64_t argument, int errno_without_controller);
    Answer register_zone(const Memory& memory, std::uint64_t argument);
    Answer unregister_zone(const Memory& memory, std::uint64_t argument);

  private:
    // Like the kernel, one entry's place cannot be taken twice; whose eventfd it is does not matter for that.
    struct Place {
        std::uint64_t address = 0;
        std::uint32_t length = 0;
        std::uint32_t bus = 0;
        bool any_data = false;
        std::uint64_t data = 0;
        std::unique_ptr<Share> share;
    };
    struct Zone {
        CoalescedZone zone;
        std::unique_ptr<Share> share;
    };

    int assign(const Ioeventfd& request);
    int deassign(const Ioeventfd& request);

    std::shared_ptr<Budget> entries_;
    std::vector<Place> places_;
    std::vector<Zone> zones_;
};

}  // namespace rehang::fakes::kvm
