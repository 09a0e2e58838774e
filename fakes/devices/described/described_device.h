// The model of a described device.
#pragma once

#include <memory>

#include "devices/described/description.h"
#include "devices/device.h"

namespace rehang::fakes {

// All open files of the device share its state.
std::unique_ptr<Device> make_described_device(Description description);

}  // namespace rehang::fakes
