// Text in double quotes, as JSON (RFC 8259, section 7) and TOML (toml.io, "String") both read it.
#pragma once

#include <string>
#include <string_view>

namespace rehang {

std::string quoted(std::string_view text);

}  // namespace rehang
