#include "devices/kvm/host.h"

#include <fmt/format.h>

#include <algorithm>

namespace rehang::fakes::kvm {

int Host::capability(std::uint64_t number) const {
    const Capability* found = find_capability(capabilities, number);
    if (!found) return 0;
    const int most = static_cast<int>(settings.vcpus_max);
    switch (number) {
        case capability::nr_vcpus:
            return std::min(found->value, most);
        case capability::max_vcpus:
            return most;
        case capability::arm_pmu_v3:
            return settings.pmu ? found->value : 0;
        default:
            return found->value;
    }
}

Answer Host::check_extension(std::uint64_t number) const {
    const Capability* found = find_capability(capabilities, number);
    return gives(capability(number),
                 found ? fmt::format("KVM_CAP_{}", found->name) : fmt::format("cap={}", number));
}

}  // namespace rehang::fakes::kvm
