// The registers of a vCPU, by KVM_GET_ONE_REG's ids. One that is as at reset takes no memory; how many can be
// changed is bounded by how many there are.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "devices/kvm/arm64/register_id.h"

namespace rehang::fakes::kvm::arm64 {

using RegisterValue = std::array<std::uint64_t, 2>;  // low, high

// What a vCPU's registers depend on.
struct Processor {
    std::uint32_t vcpu = 0;
    bool gic_v3 = true;  // the machine has one, so guests are told of its registers
    bool pmu = false;    // the vCPU has one
};

class Registers {
  public:
    explicit Registers(Processor processor) : processor_(processor) {}

    std::vector<RegisterId> list() const;  // KVM_GET_REG_LIST
    // errno, or 0.
    int get(RegisterId id, RegisterValue& into) const;
    int set(RegisterId id, const RegisterValue& value);

  private:
    RegisterValue at_reset(RegisterId id) const;
    RegisterValue now(RegisterId id) const;

    Processor processor_;
    std::map<RegisterId, RegisterValue> changed_;
};

// "MIDR_EL1"; the number for one without a name.
std::string register_name(RegisterId id);
// MPIDR_EL1 without its fixed bits.
std::uint32_t affinity_of(std::uint32_t vcpu);

}  // namespace rehang::fakes::kvm::arm64
