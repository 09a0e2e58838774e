#include "scenario/argument_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "base/suggest.h"
#include "base/syscall_arguments.h"

namespace rehang {
namespace {

constexpr std::uint64_t all_bits = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t lower_half = std::numeric_limits<std::uint32_t>::max();

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

// "12", "-1", "0x10".
std::optional<std::uint64_t> number(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const bool hexadecimal = text.starts_with("0x");
    if (hexadecimal) text.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return negative ? std::uint64_t{0} - value : value;
}

std::expected<std::uint64_t, std::string> number_or_constant(std::string_view text) {
    if (const auto value = number(text)) return *value;
    if (const auto value = constant_value(text)) return *value;
    return std::unexpected(fmt::format("\"{}\" is no number and no constant that is known here{}", text,
                                       did_you_mean(text, constant_names())));
}

bool fits_an_int(std::uint64_t value) {
    return value <= lower_half || value >= all_bits - std::numeric_limits<std::int32_t>::max();
}

}  // namespace

std::expected<unsigned, std::string> parse_argument_name(std::string_view call, std::string_view name) {
    constexpr std::string_view numbered = "arg";
    const auto arguments = syscall_arguments(call);
    const auto known = std::ranges::find(arguments, name, &SyscallArgument::name);
    if (known != arguments.end()) return static_cast<unsigned>(known - arguments.begin());
    const auto index = name.starts_with(numbered) && name.size() == numbered.size() + 1
                           ? number(name.substr(numbered.size()))
                           : std::nullopt;
    if (index && *index < most_arguments) return static_cast<unsigned>(*index);
    std::vector<std::string> names;
    for (const SyscallArgument& argument : arguments) names.push_back(argument.name);
    return std::unexpected(
        fmt::format("\"{}\" is no argument of {}{}", name, call, did_you_mean(name, names)));
}

std::expected<ArgumentCondition, std::string> parse_argument_value(std::string_view call, unsigned index,
                                                                   std::string_view text) {
    std::string_view rest = trimmed(text);
    const bool these_bits = rest.starts_with('&');
    if (these_bits) rest.remove_prefix(1);
    std::uint64_t value = 0;
    for (bool more = true; more;) {
        const size_t end = rest.find('|');
        more = end != std::string_view::npos;
        const auto part = number_or_constant(trimmed(rest.substr(0, end)));
        if (!part) return std::unexpected(part.error());
        value |= *part;
        if (more) rest.remove_prefix(end + 1);
    }
    const auto arguments = syscall_arguments(call);
    const bool narrow = index < arguments.size() && arguments[index].narrow;
    if (narrow && !fits_an_int(value))
        return std::unexpected(fmt::format("{} can't be {}: it has 32 bits", arguments[index].name, text));
    const std::uint64_t width = narrow ? lower_half : all_bits;
    if (these_bits && (value & width) == 0) return std::unexpected(fmt::format("\"{}\" names no bit", text));
    return ArgumentCondition{
        .index = index, .mask = these_bits ? value & width : width, .value = value & width};
}

}  // namespace rehang
