// The settings (`with`) of the KVM models.
#pragma once

#include <cstdint>
#include <vector>

#include "devices/models.h"

namespace rehang::fakes::kvm {

enum class Architecture { x86, arm64 };

// A 32-bit write of vCPU 0 to a device that the VMM emulates: KVM_RUN returns it as KVM_EXIT_MMIO.
struct MmioWrite {
    std::uint64_t address = 0;
    std::uint32_t value = 0;
    bool operator==(const MmioWrite&) const = default;
};

// errno values: 0 is no failure.
struct KvmSettings {
    int open = 0;
    int create_vm = 0;
    int irq_line = 0;
    std::uint64_t irq_line_after = 0;  // so many calls succeed first, in each VM
    std::uint32_t vcpus_max = 0;
    std::vector<MmioWrite> mmio_writes = {};

    // arm64 only
    bool gic_v2 = true;
    bool gic_v3 = true;
    bool gic_v2_hollow = false;  // can be created, but the VM has no interrupt controller then
    bool pmu = true;
    int pmu_irq = 0;
    int pmu_init = 0;
};

std::vector<SettingProblem> check_kvm_settings(Architecture architecture, const Settings& settings);
// They must have no problem.
KvmSettings kvm_settings(Architecture architecture, const Settings& settings);

}  // namespace rehang::fakes::kvm
