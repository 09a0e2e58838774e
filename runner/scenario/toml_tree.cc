#include "scenario/toml_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include <toml++/toml.h>

#include "scenario/key_depth.h"

namespace rehang {
namespace {

Span span_of(const toml::source_region& source) {
    return {.line = static_cast<int>(source.begin.line), .column = static_cast<int>(source.begin.column)};
}

TomlNode convert(const toml::node& node);

TomlArray convert_array(const toml::array& array) {
    TomlArray converted;
    for (const toml::node& element : array) converted.push_back(convert(element));
    return converted;
}

TomlTable convert_table(const toml::table& table) {
    TomlTable converted;
    for (const auto& [key, node] : table)
        converted.push_back(
            {.key = std::string(key.str()), .key_at = span_of(key.source()), .node = convert(node)});
    std::ranges::sort(converted, {},
                      [](const TomlEntry& e) { return std::tuple(e.key_at.line, e.key_at.column); });
    return converted;
}

TomlNode convert(const toml::node& node) {
    TomlNode converted{.at = span_of(node.source()), .value = TomlDate{}};
    if (const auto* table = node.as_table())
        converted.value = convert_table(*table);
    else if (const auto* array = node.as_array())
        converted.value = convert_array(*array);
    else if (const auto* text = node.as_string())
        converted.value = text->get();
    else if (const auto* number = node.as_integer())
        converted.value = number->get();
    else if (const auto* real = node.as_floating_point())
        converted.value = real->get();
    else if (const auto* boolean = node.as_boolean())
        converted.value = boolean->get();
    return converted;
}

// "Error while parsing string: encountered end-of-file" -> "not valid TOML: string: encountered end-of-file".
std::string readable(std::string_view description) {
    constexpr std::string_view preamble = "Error while parsing ";
    if (description.starts_with(preamble)) description.remove_prefix(preamble.size());
    return fmt::format("not valid TOML: {}", description);
}

Span place_of(std::string_view text, size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
    return {.line = static_cast<int>(std::ranges::count(before, '\n')) + 1,
            .column = static_cast<int>(offset - line_start) + 1};
}

}  // namespace

std::expected<TomlTable, TomlMistake> parse_toml(std::string_view text) {
    if (const size_t nul = text.find('\0'); nul != std::string_view::npos)
        return std::unexpected(TomlMistake{place_of(text, nul), "not a text file: it has a NUL byte here"});
    if (const auto deep = find_too_deep_key(text))
        return std::unexpected(
            TomlMistake{place_of(text, *deep), fmt::format("a key of more than {} parts", max_key_parts)});
    try {
        return convert_table(toml::parse(text));
    } catch (const toml::parse_error& error) {
        return std::unexpected(TomlMistake{span_of(error.source()), readable(error.description())});
    }
}

}  // namespace rehang
