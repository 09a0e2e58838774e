// A TOML document as plain values with their places, in the order of the file. The only door to toml++, whose
// headers compile slowly and whose tables are sorted by key. Source: toml.io/en/v1.0.0.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scenario/diagnostic.h"

namespace rehang {

struct TomlNode;
struct TomlEntry;
using TomlArray = std::vector<TomlNode>;
using TomlTable = std::vector<TomlEntry>;
struct TomlDate {};  // dates and times: no key of a scenario takes one

struct TomlNode {
    Span at;  // of a [table]: its header
    std::variant<std::string, std::int64_t, double, bool, TomlDate, TomlArray, TomlTable> value;
};

struct TomlEntry {
    std::string key;
    Span key_at;
    TomlNode node;
};

struct TomlMistake {
    Span at;
    std::string message;
};

// The root table; or the first mistake, where the text is not TOML at all.
std::expected<TomlTable, TomlMistake> parse_toml(std::string_view text);

}  // namespace rehang
