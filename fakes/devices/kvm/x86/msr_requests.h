// KVM_GET_MSRS and KVM_SET_MSRS: as many as go, in order; the result is how many went.
#pragma once

#include <functional>

#include "devices/answers.h"
#include "devices/kvm/x86/msrs.h"

namespace rehang::fakes::kvm::x86 {

using GetMsr = std::function<std::optional<std::uint64_t>(std::uint32_t index)>;
using SetMsr = std::function<bool(std::uint32_t index, std::uint64_t value)>;

Answer get_msrs(const GetMsr& get, Memory& memory, std::uint64_t argument);
Answer set_msrs(const SetMsr& set, const Memory& memory, std::uint64_t argument);

}  // namespace rehang::fakes::kvm::x86
