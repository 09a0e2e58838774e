// The text of a described device (docs/fakes.md), which reads back as the same description.
#pragma once

#include <string>

#include "devices/described/description.h"

namespace rehang {

// `comment`: lines that stand at the top, without "# ".
std::string write_device(const fakes::Description& description, const std::string& comment);

}  // namespace rehang
