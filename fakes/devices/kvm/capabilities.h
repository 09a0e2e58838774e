// KVM_CHECK_EXTENSION: what it answers, and KVM_CAP_ names for the report.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rehang::fakes::kvm {

struct Capability {
    std::uint64_t number = 0;
    std::string_view name;
    int value = 0;
};

// Those whose values depend on settings.
namespace capability {
inline constexpr std::uint64_t nr_vcpus = 9;
inline constexpr std::uint64_t max_vcpus = 66;
inline constexpr std::uint64_t max_vcpu_id = 128;
inline constexpr std::uint64_t arm_pmu_v3 = 126;
}  // namespace capability

// nullptr: KVM has it or not, this model does not (0).
const Capability* find_capability(std::span<const Capability> table, std::uint64_t number);

}  // namespace rehang::fakes::kvm
