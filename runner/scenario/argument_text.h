// The entries of `where`: conditions on the arguments of a system call.
//
//   where = { fd = 3, flags = "&O_CREAT", arg2 = 0x10, cmd = "F_SETLKW" }
//
// An argument goes by the name that it has in the kernel's prototype, or by arg0 to arg5; ioctl's "cmd" also
// by "request", and a call's first descriptor by "fd". Its value is a whole number, or a text: numbers and
// constants joined by "|". "&" in front asks for these bits and leaves the others open.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace rehang {

struct ArgumentCondition {
    unsigned index = 0;      // of the argument
    std::uint64_t mask = 0;  // the bits that count
    std::uint64_t value = 0;

    bool matches(std::uint64_t argument) const { return (argument & mask) == value; }
    auto operator<=>(const ArgumentCondition&) const = default;
};

// A value, and the bits of it that count.
struct ValueBits {
    std::uint64_t mask = 0, value = 0;
};
// `what` has so many bits and is called so in messages.
std::expected<ValueBits, std::string> parse_value(std::string_view text, unsigned bits,
                                                  std::string_view what);
// "12", "-1", "0x10", "O_CREAT".
std::expected<std::uint64_t, std::string> parse_number_or_constant(std::string_view text);
bool fits(std::uint64_t value, unsigned bits);  // as a signed or an unsigned number

// Which argument of the call `name` means; on failure the message for the user, with a suggestion.
std::expected<unsigned, std::string> parse_argument_name(std::string_view call, std::string_view name);
// `index` as parse_argument_name gives it.
std::expected<ArgumentCondition, std::string> parse_argument_value(std::string_view call, unsigned index,
                                                                   std::string_view text);

}  // namespace rehang
