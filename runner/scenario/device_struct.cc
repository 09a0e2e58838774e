#include "scenario/device_struct.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "base/suggest.h"
#include "base/words.h"

namespace rehang {
namespace {

using fakes::DescribedBytes;
using fakes::DescribedLayout;
using fakes::DescribedMember;

constexpr unsigned largest_struct = (1U << 14) - 1;  // what a request's number can say (asm-generic/ioctl.h)

std::unexpected<TomlMistake> mistake(Span at, std::string message) {
    return std::unexpected(TomlMistake{at, std::move(message)});
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
    const bool hex = text.starts_with("0x");
    Number number = 0;
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data() + (hex ? 2 : 0), end, number, hex ? 16 : 10);
    if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
    return number;
}

const std::vector<std::string>& type_names() {
    static const std::vector<std::string> names = words("u8 s8 u16 s16 u32 s32 u64 s64 char");
    return names;
}

// "u32", "char[16]"; its offset is not known yet.
std::optional<DescribedMember> member_of_type(const std::string& name, std::string_view type) {
    DescribedMember member{.name = name};
    const size_t bracket = type.find('[');
    const std::string_view element = type.substr(0, bracket);
    if (std::ranges::find(type_names(), element) == type_names().end()) return std::nullopt;
    member.is_text = element == "char";
    member.size = member.is_text ? 1 : *number_in<unsigned>(element.substr(1)) / 8;
    if (bracket == std::string_view::npos) return member.is_text ? std::nullopt : std::optional(member);
    if (!type.ends_with(']')) return std::nullopt;
    const auto count = number_in<unsigned>(type.substr(bracket + 1, type.size() - bracket - 2));
    if (!count || *count == 0 || *count > largest_struct) return std::nullopt;
    member.count = *count;
    return member;
}

unsigned aligned(unsigned offset, unsigned alignment) {
    return (offset + alignment - 1) / alignment * alignment;
}

std::string little_endian(std::uint64_t value, unsigned size) {
    std::string bytes;
    for (unsigned byte = 0; byte < size; ++byte) bytes.push_back(static_cast<char>(value >> (8 * byte)));
    return bytes;
}

// Signed or not: what fits into so many bytes in one of the two ways.
bool fits(std::int64_t value, unsigned size) {
    if (size == 8) return true;
    const std::int64_t values = std::int64_t{1} << (8 * size);
    return -values / 2 <= value && value < values;
}

std::expected<std::string, TomlMistake> bytes_of_number(const TomlNode& node, const DescribedMember& member) {
    const std::string wanted = fmt::format("\"{}\" must be a number of {} bytes", member.name, member.size);
    if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
        if (!fits(*number, member.size)) return mistake(node.at, wanted);
        return little_endian(static_cast<std::uint64_t>(*number), member.size);
    }
    // A TOML number has 63 bits and a sign: larger ones are texts.
    const auto* text = std::get_if<std::string>(&node.value);
    const auto number = text ? number_in<std::uint64_t>(*text) : std::nullopt;
    if (!number || (member.size < 8 && *number >> (8 * member.size) != 0)) return mistake(node.at, wanted);
    return little_endian(*number, member.size);
}

std::expected<std::string, TomlMistake> bytes_of_array(const TomlNode& node, const DescribedMember& member) {
    const auto* array = std::get_if<TomlArray>(&node.value);
    if (!array || array->size() != member.count)
        return mistake(node.at,
                       fmt::format("\"{}\" must be a list of {} numbers", member.name, member.count));
    std::string all;
    for (const TomlNode& element : *array) {
        const auto bytes = bytes_of_number(element, member);
        if (!bytes) return bytes;
        all += *bytes;
    }
    return all;
}

std::expected<std::string, TomlMistake> bytes_of_text(const TomlNode& node, const DescribedMember& member) {
    const auto* text = std::get_if<std::string>(&node.value);
    if (!text || text->size() > member.count)
        return mistake(node.at,
                       fmt::format("\"{}\" must be text of at most {} bytes", member.name, member.count));
    std::string bytes = *text;
    bytes.resize(member.count, '\0');
    return bytes;
}

std::expected<std::string, TomlMistake> bytes_of(const TomlNode& node, const DescribedMember& member) {
    if (member.is_text) return bytes_of_text(node, member);
    return member.count > 0 ? bytes_of_array(node, member) : bytes_of_number(node, member);
}

}  // namespace

std::expected<DescribedLayout, TomlMistake> read_layout(const TomlTable& members) {
    DescribedLayout layout;
    unsigned alignment = 1;
    for (const TomlEntry& entry : members) {
        const auto* type = std::get_if<std::string>(&entry.node.value);
        auto member = type ? member_of_type(entry.key, *type) : std::nullopt;
        if (!member)
            return mistake(
                entry.node.at,
                fmt::format("a member's type is one of {}, or an array of it: \"u32[4]\", \"char[16]\"",
                            fmt::join(type_names(), ", ")));
        member->offset = aligned(layout.size, member->size);
        layout.size = member->offset + member->size * std::max(member->count, 1U);
        if (layout.size > largest_struct)
            return mistake(entry.key_at,
                           fmt::format("larger than {} bytes: no request's struct is", largest_struct));
        alignment = std::max(alignment, member->size);
        layout.members.push_back(std::move(*member));
    }
    layout.size = aligned(layout.size, alignment);
    return layout;
}

std::expected<std::vector<DescribedBytes>, TomlMistake> read_members(const TomlTable& values,
                                                                     const DescribedLayout& layout) {
    std::vector<DescribedBytes> all;
    for (const TomlEntry& entry : values) {
        const auto member = std::ranges::find(layout.members, entry.key, &DescribedMember::name);
        if (member == layout.members.end()) {
            std::vector<std::string> names;
            for (const DescribedMember& one : layout.members) names.push_back(one.name);
            return mistake(entry.key_at, fmt::format("\"struct\" has no member \"{}\"{}", entry.key,
                                                     did_you_mean(entry.key, names)));
        }
        auto bytes = bytes_of(entry.node, *member);
        if (!bytes) return std::unexpected(bytes.error());
        all.push_back({.offset = member->offset, .bytes = std::move(*bytes)});
    }
    return all;
}

std::expected<std::string, std::string> read_hex(std::string_view text) {
    std::string digits;
    std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != ' ' && c != '\n'; });
    if (digits.empty() || digits.size() % 2 != 0)
        return std::unexpected("bytes are written with two hexadecimal digits each: \"00 1f 20\"");
    std::string bytes;
    for (size_t at = 0; at < digits.size(); at += 2) {
        const auto byte = number_in<unsigned>("0x" + digits.substr(at, 2));
        if (!byte)
            return std::unexpected(fmt::format("\"{}\" are no two hexadecimal digits", digits.substr(at, 2)));
        bytes.push_back(static_cast<char>(*byte));
    }
    return bytes;
}

}  // namespace rehang
