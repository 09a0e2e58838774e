// The device model "kvm-arm64".
#pragma once

#include <memory>

#include "devices/models.h"

namespace rehang::fakes::kvm::arm64 {

std::unique_ptr<Device> make_device(const Settings& settings);

}  // namespace rehang::fakes::kvm::arm64
