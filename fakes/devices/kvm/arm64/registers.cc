#include "devices/kvm/arm64/registers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace rehang::fakes::kvm::arm64 {

namespace {

using namespace register_id;

enum class Kind {
    plain,
    fixed,  // describes the processor: may be set to what it is only
    pmu,    // there only with a performance monitoring unit
};

struct Named {
    RegisterId id;
    std::string_view name;
    std::uint64_t reset = 0;
    Kind kind = Kind::plain;
};

constexpr RegisterId mpidr = system_register(3, 0, 0, 0, 5);
constexpr RegisterId id_aa64pfr0 = system_register(3, 0, 0, 4, 0);
constexpr RegisterId id_aa64dfr0 = system_register(3, 0, 0, 5, 0);
constexpr RegisterId psci_version = arm64 | u64 | firmware | 0;

// Cortex-A57's, without AArch32 at any exception level.
constexpr auto named = std::to_array<Named>({
    {system_register(3, 0, 0, 0, 0), "MIDR_EL1", 0x411fd070, Kind::fixed},
    {mpidr, "MPIDR_EL1", 0x80000000},
    {system_register(3, 0, 0, 0, 6), "REVIDR_EL1", 0, Kind::fixed},
    {system_register(3, 0, 0, 1, 0), "ID_PFR0_EL1", 0x131, Kind::fixed},
    {system_register(3, 0, 0, 1, 1), "ID_PFR1_EL1", 0x10011, Kind::fixed},
    {system_register(3, 0, 0, 1, 2), "ID_DFR0_EL1", 0x03010066, Kind::fixed},
    {system_register(3, 0, 0, 1, 4), "ID_MMFR0_EL1", 0x10201105, Kind::fixed},
    {system_register(3, 0, 0, 1, 5), "ID_MMFR1_EL1", 0x40000000, Kind::fixed},
    {system_register(3, 0, 0, 1, 6), "ID_MMFR2_EL1", 0x01260000, Kind::fixed},
    {system_register(3, 0, 0, 1, 7), "ID_MMFR3_EL1", 0x02102211, Kind::fixed},
    {system_register(3, 0, 0, 2, 0), "ID_ISAR0_EL1", 0x02101110, Kind::fixed},
    {system_register(3, 0, 0, 2, 1), "ID_ISAR1_EL1", 0x13112111, Kind::fixed},
    {system_register(3, 0, 0, 2, 2), "ID_ISAR2_EL1", 0x21232042, Kind::fixed},
    {system_register(3, 0, 0, 2, 3), "ID_ISAR3_EL1", 0x01112131, Kind::fixed},
    {system_register(3, 0, 0, 2, 4), "ID_ISAR4_EL1", 0x00011142, Kind::fixed},
    {system_register(3, 0, 0, 2, 5), "ID_ISAR5_EL1", 0x00011121, Kind::fixed},
    {system_register(3, 0, 0, 2, 6), "ID_MMFR4_EL1", 0, Kind::fixed},
    {system_register(3, 0, 0, 2, 7), "ID_ISAR6_EL1", 0, Kind::fixed},
    {system_register(3, 0, 0, 3, 0), "MVFR0_EL1", 0x10110222, Kind::fixed},
    {system_register(3, 0, 0, 3, 1), "MVFR1_EL1", 0x12111111, Kind::fixed},
    {system_register(3, 0, 0, 3, 2), "MVFR2_EL1", 0x43, Kind::fixed},
    {id_aa64pfr0, "ID_AA64PFR0_EL1", 0x11, Kind::fixed},
    {system_register(3, 0, 0, 4, 1), "ID_AA64PFR1_EL1", 0, Kind::fixed},
    {id_aa64dfr0, "ID_AA64DFR0_EL1", 0x10305006, Kind::fixed},
    {system_register(3, 0, 0, 5, 1), "ID_AA64DFR1_EL1", 0, Kind::fixed},
    {system_register(3, 0, 0, 6, 0), "ID_AA64ISAR0_EL1", 0x11120, Kind::fixed},
    {system_register(3, 0, 0, 6, 1), "ID_AA64ISAR1_EL1", 0, Kind::fixed},
    {system_register(3, 0, 0, 6, 2), "ID_AA64ISAR2_EL1", 0, Kind::fixed},
    {system_register(3, 0, 0, 7, 0), "ID_AA64MMFR0_EL1", 0x1124, Kind::fixed},
    {system_register(3, 0, 0, 7, 1), "ID_AA64MMFR1_EL1", 0, Kind::fixed},
    {system_register(3, 0, 0, 7, 2), "ID_AA64MMFR2_EL1", 0, Kind::fixed},
    {system_register(3, 0, 1, 0, 0), "SCTLR_EL1", 0x00c50838},
    {system_register(3, 0, 1, 0, 1), "ACTLR_EL1"},
    {system_register(3, 0, 1, 0, 2), "CPACR_EL1"},
    {system_register(3, 0, 2, 0, 0), "TTBR0_EL1"},
    {system_register(3, 0, 2, 0, 1), "TTBR1_EL1"},
    {system_register(3, 0, 2, 0, 2), "TCR_EL1"},
    {system_register(3, 0, 5, 1, 0), "AFSR0_EL1"},
    {system_register(3, 0, 5, 1, 1), "AFSR1_EL1"},
    {system_register(3, 0, 5, 2, 0), "ESR_EL1"},
    {system_register(3, 0, 6, 0, 0), "FAR_EL1"},
    {system_register(3, 0, 7, 4, 0), "PAR_EL1"},
    {system_register(3, 0, 9, 14, 1), "PMINTENSET_EL1", 0, Kind::pmu},
    {system_register(3, 0, 9, 14, 2), "PMINTENCLR_EL1", 0, Kind::pmu},
    {system_register(3, 0, 10, 2, 0), "MAIR_EL1"},
    {system_register(3, 0, 10, 3, 0), "AMAIR_EL1"},
    {system_register(3, 0, 12, 0, 0), "VBAR_EL1"},
    {system_register(3, 0, 13, 0, 1), "CONTEXTIDR_EL1"},
    {system_register(3, 0, 13, 0, 4), "TPIDR_EL1"},
    {system_register(3, 0, 14, 1, 0), "CNTKCTL_EL1"},
    {system_register(3, 1, 0, 0, 1), "CLIDR_EL1", 0x0a200023, Kind::fixed},
    {system_register(3, 2, 0, 0, 0), "CSSELR_EL1"},
    {system_register(3, 3, 0, 0, 1), "CTR_EL0", 0x8444c004, Kind::fixed},
    {system_register(3, 3, 9, 12, 0), "PMCR_EL0", 0x41013000, Kind::pmu},
    {system_register(3, 3, 9, 12, 1), "PMCNTENSET_EL0", 0, Kind::pmu},
    {system_register(3, 3, 9, 12, 2), "PMCNTENCLR_EL0", 0, Kind::pmu},
    {system_register(3, 3, 9, 12, 3), "PMOVSCLR_EL0", 0, Kind::pmu},
    {system_register(3, 3, 9, 12, 5), "PMSELR_EL0", 0, Kind::pmu},
    {system_register(3, 3, 9, 13, 0), "PMCCNTR_EL0", 0, Kind::pmu},
    {system_register(3, 3, 9, 14, 0), "PMUSERENR_EL0", 0, Kind::pmu},
    {system_register(3, 3, 9, 14, 3), "PMOVSSET_EL0", 0, Kind::pmu},
    {system_register(3, 3, 14, 15, 7), "PMCCFILTR_EL0", 0, Kind::pmu},
    {system_register(3, 3, 13, 0, 2), "TPIDR_EL0"},
    {system_register(3, 3, 13, 0, 3), "TPIDRRO_EL0"},
    {system_register(3, 3, 14, 3, 1), "KVM_REG_ARM_TIMER_CTL"},
    {system_register(3, 3, 14, 3, 2), "KVM_REG_ARM_TIMER_CNT"},  // not CNTVCT's numbers: swapped in the ABI
    {system_register(3, 3, 14, 0, 2), "KVM_REG_ARM_TIMER_CVAL"},
    {system_register(3, 4, 3, 0, 0), "DACR32_EL2"},
    {system_register(3, 4, 5, 0, 1), "IFSR32_EL2"},
    {system_register(3, 4, 5, 3, 0), "FPEXC32_EL2", 0x700},
    {psci_version, "KVM_REG_ARM_PSCI_VERSION", 0x10001},
    {arm64 | u32 | demux | 0, "CCSIDR", 0x701fe00a, Kind::fixed},
});

// struct kvm_regs, in 32-bit words.
constexpr std::uint32_t at_pstate = 0x42, at_spsr = 0x48, at_vregs = 0x54, at_fpsr = 0xd4, at_fpcr = 0xd5;

std::vector<RegisterId> core_registers() {
    std::vector<RegisterId> ids;
    for (std::uint32_t offset = 0; offset < at_spsr + 2 * 5; offset += 2)
        ids.push_back(core_register(offset, u64));
    for (std::uint32_t offset = at_vregs; offset < at_fpsr; offset += 4)
        ids.push_back(core_register(offset, u128));
    ids.push_back(core_register(at_fpsr, u32));
    ids.push_back(core_register(at_fpcr, u32));
    return ids;
}

const Named* find_named(RegisterId id) {
    const auto found = std::ranges::find(named, id, &Named::id);
    return found == named.end() ? nullptr : &*found;
}

// Where an identification register may be once: reads as zero until it is.
bool is_id_space(RegisterId id) {
    const RegisterId first = system_register(3, 0, 0, 1, 0), last = system_register(3, 0, 0, 7, 7);
    return id >= first && id <= last;
}

// As the kernel tells "no such register" from "not by this size".
int core_errno(RegisterId id) {
    static const std::vector<RegisterId> ids = core_registers();
    if (std::ranges::find(ids, id) != ids.end()) return 0;
    return (id & ~(architecture_mask | size_mask | kind_mask)) >= at_fpcr + 1 ? ENOENT : EINVAL;
}

bool is_psci_version(std::uint64_t value) {
    return value == 0x2 || value == 0x10000 || value == 0x10001;
}

}  // namespace

std::vector<RegisterId> Registers::list() const {
    std::vector<RegisterId> ids = core_registers();
    for (const Named& each : named)
        if (each.kind != Kind::pmu || processor_.pmu) ids.push_back(each.id);
    return ids;
}

int Registers::get(RegisterId id, RegisterValue& into) const {
    if ((id & architecture_mask) != arm64) return EINVAL;
    if ((id & kind_mask) == core) {
        if (const int wrong = core_errno(id)) return wrong;
    } else {
        const Named* known = find_named(id);
        if (!known && !is_id_space(id)) return ENOENT;
        if (known && known->kind == Kind::pmu && !processor_.pmu) return ENOENT;
    }
    into = now(id);
    return 0;
}

int Registers::set(RegisterId id, const RegisterValue& value) {
    RegisterValue old{};
    if (const int wrong = get(id, old)) return wrong;
    const Named* known = find_named(id);
    const bool fixed = known ? known->kind == Kind::fixed : is_id_space(id);
    if (fixed) return value == old ? 0 : EINVAL;
    if (id == psci_version && !is_psci_version(value[0])) return EINVAL;
    changed_[id] = value;
    return 0;
}

RegisterValue Registers::now(RegisterId id) const {
    const auto found = changed_.find(id);
    return found == changed_.end() ? at_reset(id) : found->second;
}

RegisterValue Registers::at_reset(RegisterId id) const {
    if (id == core_register(at_pstate, u64)) return {0x3c5};  // EL1h, all interrupts masked
    const Named* known = find_named(id);
    if (!known) return {};
    switch (id) {
        case mpidr:
            return {known->reset | affinity_of(processor_.vcpu)};
        case id_aa64pfr0:
            return {known->reset | (processor_.gic_v3 ? 1ULL << 24 : 0)};
        case id_aa64dfr0:
            return {known->reset | (processor_.pmu ? 1ULL << 8 : 0)};
        default:
            return {known->reset};
    }
}

std::string register_name(RegisterId id) {
    if (const Named* known = find_named(id)) return std::string(known->name);
    return fmt::format("{:#x}", id);
}

std::uint32_t affinity_of(std::uint32_t vcpu) {
    return (vcpu & 0xf) | (vcpu >> 4 & 0xff) << 8 | (vcpu >> 12 & 0xff) << 16;
}

}  // namespace rehang::fakes::kvm::arm64
