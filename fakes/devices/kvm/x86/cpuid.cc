#include "devices/kvm/x86/cpuid.h"

#include <array>

namespace rehang::fakes::kvm::x86 {

namespace {

constexpr CpuidEntry leaf(std::uint32_t function, std::uint32_t eax, std::uint32_t ebx, std::uint32_t ecx,
                          std::uint32_t edx) {
    return {.function = function, .eax = eax, .ebx = ebx, .ecx = ecx, .edx = edx};
}

constexpr CpuidEntry subleaf(std::uint32_t function, std::uint32_t index, std::uint32_t eax,
                             std::uint32_t ebx, std::uint32_t ecx, std::uint32_t edx) {
    return {.function = function,
            .index = index,
            .flags = CpuidEntry::significant_index,
            .eax = eax,
            .ebx = ebx,
            .ecx = ecx,
            .edx = edx};
}

// An Intel server of the Skylake family without AVX-512, performance counters and virtualisation: what would
// need more MSRs than the model keeps is not offered.
constexpr auto table = std::to_array<CpuidEntry>({
    leaf(0x0, 0xd, 0x756e6547, 0x6c65746e, 0x49656e69),  // GenuineIntel
    // SSE3 PCLMULQDQ SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 X2APIC MOVBE POPCNT AES XSAVE AVX F16C RDRAND
    // HYPERVISOR
    leaf(0x1, 0x00050654, 0x00000800, 0xf6fa3203, 0x0f8bfbff),
    leaf(0x2, 0x00feff01, 0x000000f0, 0, 0),
    subleaf(0x4, 0, 0x04000121, 0x01c0003f, 0x0000003f, 0),
    subleaf(0x4, 1, 0x04000122, 0x01c0003f, 0x0000003f, 0),
    subleaf(0x4, 2, 0x04000143, 0x03c0003f, 0x000003ff, 0),
    subleaf(0x4, 3, 0x04004163, 0x02c0003f, 0x00005fff, 4),
    subleaf(0x4, 4, 0, 0, 0, 0),
    leaf(0x6, 0x4, 0, 0, 0),  // ARAT
    // FSGSBASE TSC_ADJUST BMI1 AVX2 SMEP BMI2 ERMS INVPCID RDSEED ADX SMAP; SPEC_CTRL ARCH_CAPABILITIES SSBD
    subleaf(0x7, 0, 0, 0x001c07ab, 0, 0xa4000000),
    subleaf(0xb, 0, 0, 0, 0, 0),
    subleaf(0xd, 0, supported_xcr0, 0x340, 0x340, 0),
    subleaf(0xd, 1, 0x7, 0, 0, 0),  // XSAVEOPT XSAVEC XGETBV1
    subleaf(0xd, 2, 0x100, 0x240, 0, 0),
    leaf(0x80000000, 0x80000008, 0, 0, 0),
    // LAHF ABM 3DNOWPREFETCH; SYSCALL NX PDPE1GB RDTSCP LM
    leaf(0x80000001, 0, 0, 0x121, 0x2c100800),
    leaf(0x80000002, 0x65746e49, 0x2952286c, 0x6f655820, 0x2952286e),  // Intel(R) Xeon(R)
    leaf(0x80000003, 0x6f725020, 0x73736563, 0x6620726f, 0x206d6f72),  //  Processor from
    leaf(0x80000004, 0x61686572, 0x0000676e, 0, 0),                    // rehang
    leaf(0x80000006, 0, 0, 0x01006040, 0),
    leaf(0x80000007, 0, 0, 0, 0x100),                            // invariant TSC
    leaf(0x80000008, 0x3930, 0, 0, 0),                           // 48 bits physical, 57 virtual
    leaf(0x40000000, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d),  // KVMKVMKVM
    leaf(0x40000001, 0x01007efb, 0, 0, 0),
});

}  // namespace

std::span<const CpuidEntry> supported_cpuid() {
    return table;
}

}  // namespace rehang::fakes::kvm::x86
