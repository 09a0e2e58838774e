// KVM_CHECK_EXTENSION on x86.
#pragma once

#include "devices/kvm/capabilities.h"

namespace rehang::fakes::kvm::x86 {

std::span<const Capability> capabilities();

}  // namespace rehang::fakes::kvm::x86
