#include "scenario/struct_use.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "base/suggest.h"
#include "base/syscall_arguments.h"
#include "base/words.h"

namespace rehang {
namespace {

constexpr unsigned bits_of_byte = 8;

bool allows(StructUse::Direction use, StructUse::Direction wanted) {
    return use == StructUse::Direction::both || use == wanted;
}

// What `where` asks of the command; "request" and "cmd" are the same argument.
const Text* command_text(std::string_view call, const std::vector<ArgumentDecl>& where) {
    for (const ArgumentDecl& argument : where) {
        const auto index = parse_argument_name(call, argument.name.value);
        if (index && *index == command_argument && argument.value) return &*argument.value;
    }
    return nullptr;
}

std::optional<std::uint64_t> command_of(std::string_view call, const std::vector<ArgumentDecl>& where) {
    const Text* text = command_text(call, where);
    if (!text) return std::nullopt;
    const auto value = parse_argument_value(call, command_argument, text->value);
    return value ? std::optional(value->value) : std::nullopt;
}

bool is_one_of(std::string_view call, std::uint64_t command, const std::vector<std::string>& names) {
    return std::ranges::any_of(names, [&](const std::string& name) {
        const auto known = parse_argument_value(call, command_argument, name);
        return known && known->value == command;
    });
}

std::uint64_t swapped(std::uint64_t value, unsigned size) {
    std::uint64_t result = 0;
    for (unsigned byte = 0; byte < size; ++byte) {
        result = result << bits_of_byte | (value & 0xff);
        value >>= bits_of_byte;
    }
    return result;
}

// "127.0.0.1" for a member that has an address, as a number in the caller's byte order.
std::optional<std::uint64_t> address(const StructMember& member, std::string_view text) {
    in_addr parsed = {};
    if (!member.network_order || member.size != sizeof parsed ||
        ::inet_pton(AF_INET, std::string(text).c_str(), &parsed) != 1)
        return std::nullopt;
    return parsed.s_addr;
}

}  // namespace

std::expected<unsigned, std::string> argument_with_struct(std::string_view owner, std::string_view call,
                                                          StructUse::Direction direction,
                                                          const std::vector<ArgumentDecl>& where) {
    std::vector<std::string> commands;  // that would do
    const auto command = command_of(call, where);
    for (const StructUse& use : uses_of_struct(owner)) {
        if (use.call != call || !allows(use.direction, direction)) continue;
        const auto needed = words(use.commands);
        if (needed.empty() || (command && is_one_of(call, *command, needed)))
            return parse_argument_name(call, use.argument);
        commands.insert(commands.end(), needed.begin(), needed.end());
    }
    if (commands.empty())
        return std::unexpected(fmt::format(
            "{} {} no {}", call, direction == StructUse::Direction::in ? "is given" : "fills in", owner));
    return std::unexpected(fmt::format("{} {} {} only with {} = \"{}\"", call,
                                       direction == StructUse::Direction::in ? "is given a" : "fills in a",
                                       owner, call == "ioctl" ? "request" : "cmd",
                                       fmt::join(commands, "\" or \"")));
}

bool command_is_known(std::string_view call, const std::vector<ArgumentDecl>& where, const Judging& judging) {
    const Text* text = command_text(call, where);
    return !text || judging.known(*text);
}

std::expected<StructMember, std::string> parse_member(std::string_view owner, std::string_view name) {
    if (const StructMember* member = find_member(owner, name)) return *member;
    const auto names = member_names(owner);
    return std::unexpected(
        fmt::format("{} has no member \"{}\" that is known here{}", owner, name, did_you_mean(name, names)));
}

std::expected<ValueBits, std::string> parse_member_value(const StructMember& member, std::string_view text) {
    const unsigned bits = member.size * bits_of_byte;
    if (const auto number = address(member, text)) return ValueBits{.mask = 0xffffffff, .value = *number};
    auto value = parse_value(text, bits, member.name);
    if (value && member.network_order)
        value =
            ValueBits{.mask = swapped(value->mask, member.size), .value = swapped(value->value, member.size)};
    return value;
}

}  // namespace rehang
