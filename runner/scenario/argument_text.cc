#include "scenario/argument_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "base/ioctl_requests.h"
#include "base/suggest.h"
#include "base/syscall_arguments.h"

namespace rehang {
namespace {

constexpr std::uint64_t all_bits = std::numeric_limits<std::uint64_t>::max();
constexpr unsigned register_bits = 64;
constexpr unsigned int_bits = 32;
constexpr std::string_view ioctl = "ioctl";
constexpr unsigned request_argument = 1;  // ioctl's "cmd"

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

std::expected<std::uint64_t, std::string> request(std::string_view text) {
    if (const auto value = number(text)) return *value;
    if (const auto value = ioctl_request(text)) return *value;
    if (const auto value = constant_value(text)) return *value;
    return std::unexpected(fmt::format("\"{}\" is no number and no ioctl request that is known here{}", text,
                                       did_you_mean(text, ioctl_request_names())));
}

template <class Parse>
std::expected<ValueBits, std::string> parse_bits(std::string_view text, unsigned bits, std::string_view what,
                                                 const Parse& parse) {
    std::string_view rest = trimmed(text);
    const bool these_bits = rest.starts_with('&');
    if (these_bits) rest.remove_prefix(1);
    std::uint64_t value = 0;
    for (bool more = true; more;) {
        const size_t end = rest.find('|');
        more = end != std::string_view::npos;
        const auto part = parse(trimmed(rest.substr(0, end)));
        if (!part) return std::unexpected(part.error());
        value |= *part;
        if (more) rest.remove_prefix(end + 1);
    }
    if (!fits(value, bits))
        return std::unexpected(fmt::format("{} can't be {}: it has {} bits", what, text, bits));
    const std::uint64_t width = all_bits >> (register_bits - bits);
    if (these_bits && (value & width) == 0) return std::unexpected(fmt::format("\"{}\" names no bit", text));
    return ValueBits{.mask = these_bits ? value & width : width, .value = value & width};
}

}  // namespace

bool fits(std::uint64_t value, unsigned bits) {
    if (bits >= register_bits) return true;
    const std::uint64_t lowest_negative = all_bits - (all_bits >> (register_bits - bits + 1));
    return value <= all_bits >> (register_bits - bits) || value >= lowest_negative;
}

std::expected<std::uint64_t, std::string> parse_number_or_constant(std::string_view text) {
    if (const auto value = number(text)) return *value;
    if (const auto value = constant_value(text)) return *value;
    return std::unexpected(fmt::format("\"{}\" is no number and no constant that is known here{}", text,
                                       did_you_mean(text, constant_names())));
}

std::expected<ValueBits, std::string> parse_value(std::string_view text, unsigned bits,
                                                  std::string_view what) {
    return parse_bits(text, bits, what, parse_number_or_constant);
}

std::expected<unsigned, std::string> parse_argument_name(std::string_view call, std::string_view name) {
    constexpr std::string_view numbered = "arg";
    const auto arguments = syscall_arguments(call);
    const auto known = std::ranges::find(arguments, name, &SyscallArgument::name);
    if (known != arguments.end()) return static_cast<unsigned>(known - arguments.begin());
    if (name == "fd") {
        const auto descriptor =
            std::ranges::find(arguments, SyscallArgument::Kind::descriptor, &SyscallArgument::kind);
        if (descriptor != arguments.end()) return static_cast<unsigned>(descriptor - arguments.begin());
    }
    if (call == ioctl && name == "request") return request_argument;
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
    const auto arguments = syscall_arguments(call);
    const bool known = index < arguments.size();
    const unsigned bits = known && arguments[index].narrow ? int_bits : register_bits;
    const std::string name = known ? arguments[index].name : fmt::format("arg{}", index);
    const auto value = call == ioctl && index == request_argument ? parse_bits(text, bits, name, request)
                                                                  : parse_value(text, bits, name);
    if (!value) return std::unexpected(value.error());
    return ArgumentCondition{.index = index, .mask = value->mask, .value = value->value};
}

}  // namespace rehang
