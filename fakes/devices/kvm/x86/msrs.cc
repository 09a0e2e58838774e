#include "devices/kvm/x86/msrs.h"

#include <algorithm>
#include <array>

namespace rehang::fakes::kvm::x86 {

namespace {

// Numbers of arch/x86/include/asm/msr-index.h and arch/x86/include/uapi/asm/kvm_para.h.
constexpr auto saved = std::to_array<std::uint32_t>({
    0x174,      0x175,      0x176,                               // SYSENTER_CS, _ESP, _EIP
    0xc0000081, 0xc0000083, 0xc0000102, 0xc0000084, 0xc0000082,  // STAR, CSTAR, KERNEL_GS_BASE, FMASK, LSTAR
    0x10,                                                        // TSC
    0x277,                                                       // PAT
    0x3a,                                                        // FEATURE_CONTROL
    0x48,                                                        // SPEC_CTRL
    0x11,       0x12,  // KVM's wall clock and system time, as they were first
    0x4b564d00, 0x4b564d01, 0x4b564d02,
    0x4b564d03,  // KVM: wall clock, system time, async page fault, steal time
    0x4b564d04, 0x4b564d05, 0x4b564d06,
    0x4b564d07,                     // KVM: end of interrupt, poll control, async page fault again
    0x3b,       0x6e0,      0x10a,  // TSC_ADJUST, TSC_DEADLINE, ARCH_CAPABILITIES
    0x1a0,      0x17a,      0x17b,  // MISC_ENABLE, MCG_STATUS, MCG_CTL
    0x34,       0xce,       0x140,
    0x8b,  // SMI_COUNT, PLATFORM_INFO, MISC_FEATURES_ENABLES, UCODE_REV
});

struct Feature {
    std::uint32_t index;
    std::uint64_t value;
};
constexpr auto features = std::to_array<Feature>({
    {0x8b, 0x100000000},
    {0x10a, 0x2b},  // not vulnerable to: rogue data cache load, L1TF, MDS; RSBA no, enhanced IBRS
    {0xce, 0x80000000},
});
constexpr auto feature_indices = [] {
    std::array<std::uint32_t, features.size()> indices{};
    std::ranges::transform(features, indices.begin(), &Feature::index);
    return indices;
}();

struct Range {
    std::uint32_t first;
    std::uint32_t last;
};
// What KVM has without listing it.
constexpr auto unlisted = std::to_array<Range>({
    {0x1b, 0x1b},    // APICBASE
    {0x49, 0x49},    // PRED_CMD
    {0x79, 0x79},    // UCODE_WRITE
    {0xfe, 0xfe},    // MTRRcap
    {0x179, 0x179},  // MCG_CAP
    {0x1fc, 0x1fc},  // POWER_CTL
    {0x1d9, 0x1d9},  // DEBUGCTL
    {0x1db, 0x1de},  // last branches
    {0x200, 0x20f},  // variable MTRRs
    {0x250, 0x250},  // fixed MTRRs
    {0x258, 0x259},
    {0x268, 0x26f},
    {0x2ff, 0x2ff},               // MTRRdefType
    {0x400, 0x400 + 4 * 32 - 1},  // machine check banks
    {0xc0000080, 0xc0000080},     // EFER
    {0xc0000100, 0xc0000103},     // FS_BASE, GS_BASE, KERNEL_GS_BASE, TSC_AUX
    {0xc0010015, 0xc0010015},     // HWCR
    {0xc0010117, 0xc0010117},     // VM_HSAVE_PA
    {0xc001011f, 0xc001011f},     // VIRT_SPEC_CTRL
});

bool exists(std::uint32_t index) {
    return std::ranges::find(saved, index) != saved.end() ||
           std::ranges::any_of(
               unlisted, [&](const Range& range) { return index >= range.first && index <= range.last; });
}

// Commands: nothing is there to be read.
bool is_write_only(std::uint32_t index) {
    return index == 0x49 || index == 0x79;
}

bool is_read_only(std::uint32_t index) {
    return index == 0xfe || index == 0x179;
}

std::uint64_t at_reset(std::uint32_t index) {
    switch (index) {
        case 0x277:
            return 0x0007040600070406;
        case 0x1a0:
            return 1;  // fast strings
        case 0xfe:
            return 0x508;  // 8 variable MTRRs, fixed ones, write combining
        default:
            return feature_msr(index).value_or(0);
    }
}

}  // namespace

std::span<const std::uint32_t> saved_msrs() {
    return saved;
}

std::span<const std::uint32_t> feature_msrs() {
    return feature_indices;
}

std::optional<std::uint64_t> feature_msr(std::uint32_t index) {
    const auto found = std::ranges::find(features, index, &Feature::index);
    if (found == features.end()) return std::nullopt;
    return found->value;
}

std::optional<std::uint64_t> Msrs::get(std::uint32_t index) const {
    if (!exists(index) || is_write_only(index)) return std::nullopt;
    const auto found = changed_.find(index);
    return found == changed_.end() ? at_reset(index) : found->second;
}

bool Msrs::set(std::uint32_t index, std::uint64_t value) {
    if (!exists(index) || is_read_only(index)) return false;
    changed_[index] = value;
    return true;
}

}  // namespace rehang::fakes::kvm::x86
