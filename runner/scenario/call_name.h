// Names of system calls.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace rehang {

// The number of the call; on failure the message for the user, with a suggestion.
std::expected<int, std::string> parse_call_name(std::string_view name);

}  // namespace rehang
