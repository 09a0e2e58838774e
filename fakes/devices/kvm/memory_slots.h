// The memory slots of a VM: which guest addresses are where in the VMM. Nothing is read from there.
#pragma once

#include <map>
#include <memory>

#include "devices/answers.h"
#include "devices/kvm/budget.h"
#include "devices/kvm/structures.h"

namespace rehang::fakes::kvm {

class MemorySlots {
  public:
    // `most`: KVM_CAP_NR_MEMSLOTS.
    MemorySlots(std::shared_ptr<Budget> entries, std::uint32_t most)
        : entries_(std::move(entries)), most_(most) {}

    Answer set(const Memory& memory, std::uint64_t argument);      // KVM_SET_USER_MEMORY_REGION
    Answer get_dirty_log(Memory& memory, std::uint64_t argument);  // KVM_GET_DIRTY_LOG: no page is
    Answer clear_dirty_log(const Memory& memory, std::uint64_t argument);

  private:
    struct Slot {
        MemoryRegion region;
        std::unique_ptr<Share> share;
    };

    int set(const MemoryRegion& region);
    int change(MemoryRegion& old, const MemoryRegion& region);
    // With another one than `region.slot`.
    bool overlaps(const MemoryRegion& region) const;

    std::shared_ptr<Budget> entries_;
    std::uint32_t most_;
    std::map<std::uint32_t, Slot> slots_;
    // Slots by their guest addresses: a target may make as many as there are, and must not make the runner
    // slow by that.
    std::map<std::uint64_t, std::uint32_t> by_address_;
};

}  // namespace rehang::fakes::kvm
