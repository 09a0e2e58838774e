// Durations as scenarios write them: "250ms", "3s", "1.5s", "2min".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace rehang {

using Duration = std::chrono::microseconds;

// A number and one of us, ms, s, min; nothing for anything else, for a negative number and for more than a
// day.
std::optional<Duration> parse_duration(std::string_view text);
// The shortest of these forms: 250ms, 3s, 1.5s.
std::string format_duration(Duration duration);

// "2GiB", "16MiB", "64KiB", "4096" (bytes).
std::optional<unsigned long long> parse_size(std::string_view text);
std::string format_size(unsigned long long bytes);

}  // namespace rehang
