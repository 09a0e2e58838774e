#include "devices/kvm/capabilities.h"

#include <algorithm>

namespace rehang::fakes::kvm {

const Capability* find_capability(std::span<const Capability> table, std::uint64_t number) {
    const auto found = std::ranges::find(table, number, &Capability::number);
    return found == table.end() ? nullptr : &*found;
}

}  // namespace rehang::fakes::kvm
