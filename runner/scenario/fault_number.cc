#include "scenario/fault_number.h"

#include <fmt/format.h>

#include <charconv>

namespace rehang {
namespace {

template <class Number>
std::optional<Number> parsed(const std::string& text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> whole_number(const std::string& key, const std::optional<Text>& text,
                                         std::int64_t least, std::int64_t most, const Judging& judging) {
    if (!text || !judging.known(*text)) return std::nullopt;
    const auto number = parsed<std::int64_t>(text->value);
    if (number && *number >= least && *number <= most) return number;
    if (number)
        judging.error(text->at, fmt::format("\"{}\" must be between {} and {}", key, least, most));
    else
        judging.error(text->at, fmt::format("\"{}\" must be a whole number, not \"{}\"", key, text->value));
    return std::nullopt;
}

std::optional<double> probability(const std::string& key, const std::optional<Text>& text,
                                  const Judging& judging) {
    if (!text || !judging.known(*text)) return std::nullopt;
    const auto number = parsed<double>(text->value);
    if (number && *number > 0 && *number <= 1) return number;
    judging.error(text->at, fmt::format("\"{}\" must be more than 0 and at most 1", key));
    return std::nullopt;
}

std::optional<Duration> duration(const std::optional<Text>& text, const Judging& judging) {
    if (!text || !judging.known(*text)) return std::nullopt;
    const auto duration = parse_duration(text->value);
    if (duration && *duration > Duration::zero()) return duration;
    judging.error(text->at, fmt::format("\"{}\" is no duration", text->value),
                  R"(write a number above 0, at most a day, and its unit: "250ms", "3s", "1.5s", "2min")");
    return std::nullopt;
}

}  // namespace rehang
