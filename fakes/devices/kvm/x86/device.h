// The device model "kvm-x86".
#pragma once

#include <memory>

#include "devices/models.h"

namespace rehang::fakes::kvm::x86 {

std::unique_ptr<Device> make_device(const Settings& settings);

}  // namespace rehang::fakes::kvm::x86
