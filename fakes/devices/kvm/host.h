// What all files of one fake /dev/kvm share.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "devices/answers.h"
#include "devices/kvm/budget.h"
#include "devices/kvm/capabilities.h"
#include "devices/kvm/settings.h"

namespace rehang::fakes::kvm {

struct Host {
    KvmSettings settings;
    std::span<const Capability> capabilities;
    std::shared_ptr<Budget> files = std::make_shared<Budget>(4096);
    // Memory slots, eventfds, zones and attributes of all VMs together.
    std::shared_ptr<Budget> entries = std::make_shared<Budget>(65536);

    // KVM_CHECK_EXTENSION, of /dev/kvm and of a VM.
    Answer check_extension(std::uint64_t number) const;
    int capability(std::uint64_t number) const;
};

using HostPtr = std::shared_ptr<const Host>;

}  // namespace rehang::fakes::kvm
