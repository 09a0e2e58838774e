// A device that is described by what its ioctls answer (docs/fakes.md): in a file of its own, or in the
// scenario.
#pragma once

#include <string>
#include <string_view>

#include "devices/described/description.h"
#include "scenario/fields.h"

namespace rehang {

// The keys that both have: state, open, [[opened]], [[ioctl]]. Complete if no problem was found.
fakes::Description read_description(Fields& fields, Problems& problems);

struct ParsedDevice {
    fakes::Description description;  // complete when there are no errors
    Diagnostics diagnostics;
};

// `file` is only for messages.
ParsedDevice parse_device(std::string_view text, const std::string& file);
// A file that can't be read is one diagnostic.
ParsedDevice load_device(const std::string& file);

}  // namespace rehang
