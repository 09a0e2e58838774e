// KVM_CHECK_EXTENSION on arm64.
#pragma once

#include "devices/kvm/capabilities.h"

namespace rehang::fakes::kvm::arm64 {

inline constexpr std::uint64_t most_ipa_bits = 44;

std::span<const Capability> capabilities();

}  // namespace rehang::fakes::kvm::arm64
