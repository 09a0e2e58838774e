// The text of a file that a user has written.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace rehang {

struct Unreadable {
    std::string message;
    std::string hint;  // may be empty
};

inline constexpr unsigned long long max_text_bytes = 1024ULL * 1024;

// `what` is what messages say that it should be: "scenario". No FIFO is waited for, no device read.
std::expected<std::string, Unreadable> read_text(const std::string& file, std::string_view what);

}  // namespace rehang
