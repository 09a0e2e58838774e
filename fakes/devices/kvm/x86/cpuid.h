// The processor of the fake: the same one on every machine, so that runs are too.
#pragma once

#include <span>

#include "devices/kvm/x86/structures.h"

namespace rehang::fakes::kvm::x86 {

// KVM_GET_SUPPORTED_CPUID
std::span<const CpuidEntry> supported_cpuid();

// Components of the extended state that guests may have: x87, SSE, AVX.
inline constexpr std::uint64_t supported_xcr0 = 7;
inline constexpr std::uint32_t tsc_khz = 2500000;

// KVM_SET_TSC_KHZ's argument: its lower half counts, and 0 is the processor's own.
constexpr std::uint32_t khz_of(std::uint64_t argument) {
    const auto khz = static_cast<std::uint32_t>(argument);
    return khz == 0 ? tsc_khz : khz;
}

}  // namespace rehang::fakes::kvm::x86
