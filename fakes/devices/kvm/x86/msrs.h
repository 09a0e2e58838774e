// The model-specific registers: which there are, and those of one vCPU.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "devices/kvm/x86/structures.h"

namespace rehang::fakes::kvm::x86 {

std::span<const std::uint32_t> saved_msrs();    // KVM_GET_MSR_INDEX_LIST
std::span<const std::uint32_t> feature_msrs();  // KVM_GET_MSR_FEATURE_INDEX_LIST
std::optional<std::uint64_t> feature_msr(std::uint32_t index);

class Msrs {
  public:
    // Nothing or false: there is no such register.
    std::optional<std::uint64_t> get(std::uint32_t index) const;
    bool set(std::uint32_t index, std::uint64_t value);

  private:
    // Those that are not as at reset. Bounded by how many there are.
    std::map<std::uint32_t, std::uint64_t> changed_;
};

}  // namespace rehang::fakes::kvm::x86
