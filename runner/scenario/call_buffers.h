// Where system calls have the bytes that they read and write.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "scenario/call_condition.h"

namespace rehang {

// The argument with the number of bytes, where it is a plain number.
std::optional<unsigned> byte_count_argument(std::string_view call);
// The buffer of calls that return how many bytes they have put there.
std::optional<unsigned> read_buffer(std::string_view call);
// Where the call finds what it writes, the prefix still open; on failure the reason.
std::expected<BufferCondition, std::string> written_buffer(std::string_view call);

}  // namespace rehang
