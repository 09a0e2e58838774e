// Guards the TOML parser against keys like a.a.a.a…: toml++ takes tables apart by recursion, and tens of
// thousands of levels overflow the stack. (It limits the nesting of arrays and inline tables itself, to 256.)
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace rehang {

inline constexpr size_t max_key_parts = 16;  // the format needs 3

// Offset of the first dotted key, in a header or before a "=", that has more than max_key_parts parts.
std::optional<size_t> find_too_deep_key(std::string_view toml);

}  // namespace rehang
