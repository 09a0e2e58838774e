#include "scenario/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/suggest.h"
#include "scenario/references.h"

namespace rehang {
namespace {

std::string_view kind_of(const TomlNode& node) {
    constexpr std::array<std::string_view, 7> kinds = {
        "text", "a whole number", "a fraction", "true or false", "a date", "a list", "a table"};
    return kinds.at(node.value.index());
}

}  // namespace

void Fields::read(const TomlTable& table, Span at, std::string title, Problems& problems,
                  const Reader& reader) {
    Fields fields(table, at, std::move(title), problems);
    reader(fields);
    fields.report_unknown_and_missing();
}

bool Fields::has(std::string_view key) const {
    return std::ranges::find(table_, key, &TomlEntry::key) != table_.end();
}

Texts Fields::keys() const {
    Texts keys;
    for (const TomlEntry& entry : table_) keys.push_back({entry.key, entry.key_at});
    return keys;
}

void Fields::allow(std::initializer_list<std::string_view> keys) {
    known_.insert(known_.end(), keys.begin(), keys.end());
}

const TomlEntry* Fields::find(const std::string& key) {
    known_.push_back(key);
    const auto entry = std::ranges::find(table_, key, &TomlEntry::key);
    return entry == table_.end() ? nullptr : &*entry;
}

void Fields::need_at_least_one(const std::vector<std::string>& keys) {
    if (std::ranges::none_of(keys, [&](const std::string& key) { return has(key); }))
        missing_.push_back({keys, fmt::format("\"{}\"", fmt::join(keys, "\" or \""))});
}

void Fields::need_exactly_one(const std::vector<std::string>& keys) {
    need_at_least_one(keys);
    const TomlEntry* first = nullptr;
    for (const TomlEntry& entry : table_) {
        if (std::ranges::find(keys, entry.key) == keys.end()) continue;
        if (first)
            problems_.error(entry.key_at, fmt::format("{} has \"{}\" already; only one of \"{}\" is possible",
                                                      title_, first->key, fmt::join(keys, "\", \"")));
        else
            first = &entry;
    }
}

// The node's value as a T, or a message that says what is there instead.
template <class T>
const T* Fields::value_of(const TomlNode& node, const std::string& key, std::string_view wanted) {
    const T* value = std::get_if<T>(&node.value);
    if (!value)
        problems_.error(node.at, fmt::format("\"{}\" must be {}, not {}", key, wanted, kind_of(node)));
    return value;
}

std::optional<Text> Fields::text_of(const TomlNode& node, const std::string& key, std::string_view wanted) {
    const auto* value = value_of<std::string>(node, key, wanted);
    if (!value) return std::nullopt;
    if (value->find('\0') != std::string::npos) {  // "\u0000"
        problems_.error(node.at,
                        fmt::format("\"{}\" has a NUL character, which no program can be given", key));
        return std::nullopt;
    }
    return Text{*value, node.at};
}

std::optional<Text> Fields::maybe_text(const std::string& key, std::string_view wanted) {
    const TomlEntry* entry = find(key);
    if (!entry) return std::nullopt;
    auto text = text_of(entry->node, key, wanted);
    if (!text || !text->value.empty()) return text;
    problems_.error(text->at, fmt::format("\"{}\" must not be empty", key));
    return std::nullopt;
}

std::optional<Text> Fields::maybe_content(const std::string& key) {
    const TomlEntry* entry = find(key);
    return entry ? text_of(entry->node, key) : std::nullopt;
}

void Fields::missing(const std::string& key) {
    missing_.push_back({{key}, fmt::format("\"{}\"", key)});
}

Text Fields::text(const std::string& key) {
    if (!has(key)) missing(key);
    return maybe_text(key).value_or(Text{{}, at_});
}

Texts Fields::texts_of(const TomlNode& node, const std::string& key) {
    Texts texts;
    const auto* array = value_of<TomlArray>(node, key, "a list of texts in quotes");
    if (!array) return texts;
    for (const TomlNode& element : *array)
        if (auto text = text_of(element, key)) texts.push_back(std::move(*text));
    return texts;
}

Texts Fields::maybe_texts(const std::string& key) {
    const TomlEntry* entry = find(key);
    return entry ? texts_of(entry->node, key) : Texts();
}

Texts Fields::texts(const std::string& key) {
    const TomlEntry* entry = find(key);
    if (!entry) {
        missing(key);
        return {};
    }
    const auto* array = std::get_if<TomlArray>(&entry->node.value);
    if (array && array->empty())
        problems_.error(entry->node.at, fmt::format("\"{}\" must not be empty", key));
    return texts_of(entry->node, key);
}

Texts Fields::text_or_texts(const std::string& key) {
    const auto entry = std::ranges::find(table_, key, &TomlEntry::key);
    if (entry != table_.end() && std::holds_alternative<TomlArray>(entry->node.value)) return texts(key);
    if (!has(key)) missing(key);
    const auto text = maybe_text(key, "text in quotes, or a list of texts");
    return text ? Texts{*text} : Texts();
}

std::optional<Located<std::int64_t>> Fields::maybe_integer(const std::string& key, std::int64_t least,
                                                           std::int64_t most) {
    const TomlEntry* entry = find(key);
    if (!entry) return std::nullopt;
    const auto* number = value_of<std::int64_t>(entry->node, key, "a whole number");
    if (!number) return std::nullopt;
    if (*number < least || *number > most) {
        problems_.error(entry->node.at, fmt::format("\"{}\" must be between {} and {}", key, least, most));
        return std::nullopt;
    }
    return Located<std::int64_t>{*number, entry->node.at};
}

std::optional<Located<std::int64_t>> Fields::integer(const std::string& key) {
    if (!has(key)) missing(key);
    return maybe_integer(key, std::numeric_limits<std::int64_t>::min(),
                         std::numeric_limits<std::int64_t>::max());
}

std::optional<Text> Fields::maybe_number(const std::string& key, bool fraction_allowed) {
    const TomlEntry* entry = find(key);
    if (!entry) return std::nullopt;
    const TomlNode& node = entry->node;
    if (const auto* number = std::get_if<std::int64_t>(&node.value))
        return Text{fmt::format("{}", *number), node.at};
    if (const auto* fraction = std::get_if<double>(&node.value); fraction && fraction_allowed)
        return Text{fmt::format("{}", *fraction), node.at};
    if (const auto* text = std::get_if<std::string>(&node.value); text && has_references(*text))
        return Text{*text, node.at};
    value_of<std::int64_t>(node, key, fraction_allowed ? "a number" : "a whole number");
    return std::nullopt;
}

std::optional<Located<Duration>> Fields::maybe_duration(const std::string& key) {
    const auto text = maybe_text(key, "a duration in quotes, such as \"3s\"");
    if (!text) return std::nullopt;
    const auto duration = parse_duration(text->value);
    if (duration && *duration > Duration::zero()) return Located<Duration>{*duration, text->at};
    problems_.error(text->at, fmt::format("\"{}\" is no duration", text->value),
                    R"(write a number above 0, at most a day, and its unit: "250ms", "3s", "1.5s", "2min")");
    return std::nullopt;
}

std::optional<Located<unsigned long long>> Fields::maybe_size(const std::string& key) {
    const auto text = maybe_text(key, "a size in quotes, such as \"16MiB\"");
    if (!text) return std::nullopt;
    const auto size = parse_size(text->value);
    if (size && *size > 0) return Located<unsigned long long>{*size, text->at};
    problems_.error(text->at, fmt::format("\"{}\" is no size", text->value),
                    R"(write a number above 0 and its unit: "2GiB", "16MiB", "64KiB", or bytes: "4096")");
    return std::nullopt;
}

std::optional<Span> Fields::maybe_flag(const std::string& key) {
    const TomlEntry* entry = find(key);
    if (!entry) return std::nullopt;
    const bool* flag = value_of<bool>(entry->node, key, "true");
    if (flag && !*flag)
        problems_.error(entry->node.at, fmt::format("\"{}\" can only be true; leave it out otherwise", key));
    return entry->node.at;
}

std::optional<bool> Fields::maybe_yes_or_no(const std::string& key) {
    const TomlEntry* entry = find(key);
    const bool* value = entry ? value_of<bool>(entry->node, key, "true or false") : nullptr;
    return value ? std::optional(*value) : std::nullopt;
}

std::optional<Text> Fields::maybe_flag_or_text(const std::string& key, std::string_view meaning) {
    const auto entry = std::ranges::find(table_, key, &TomlEntry::key);
    if (entry == table_.end() || !std::holds_alternative<bool>(entry->node.value))
        return maybe_text(key, "true, or text in quotes");
    const auto flag = maybe_flag(key);
    return flag ? std::optional(Text{std::string(meaning), *flag}) : std::nullopt;
}

void Fields::report_unknown_word(const std::string& key, const Text& written,
                                 const std::vector<std::string>& words) {
    const std::string suggestion = did_you_mean(written.value, words);
    problems_.error(written.at, fmt::format("unknown {} \"{}\"{}", key, written.value, suggestion),
                    fmt::format("known are: {}", fmt::join(words, ", ")));
}

std::optional<Text> Fields::plain_value_of(const TomlNode& node, const std::string& key) {
    if (const auto* number = std::get_if<std::int64_t>(&node.value))
        return Text{fmt::format("{}", *number), node.at};
    if (const auto* boolean = std::get_if<bool>(&node.value))
        return Text{*boolean ? "true" : "false", node.at};
    return text_of(node, key);
}

std::vector<std::pair<Text, Text>> Fields::maybe_text_pairs(const std::string& key) {
    std::vector<std::pair<Text, Text>> pairs;
    const TomlEntry* entry = find(key);
    const auto* table = entry ? value_of<TomlTable>(entry->node, key, "a table of texts") : nullptr;
    if (!table) return pairs;
    for (const auto& [name, name_at, node] : *table)
        if (auto value = plain_value_of(node, name))
            pairs.emplace_back(Text{name, name_at}, std::move(*value));
    return pairs;
}

std::vector<std::pair<Text, Texts>> Fields::maybe_texts_pairs(const std::string& key) {
    std::vector<std::pair<Text, Texts>> pairs;
    const TomlEntry* entry = find(key);
    const auto* table = entry ? value_of<TomlTable>(entry->node, key, "a table of lists") : nullptr;
    if (!table) return pairs;
    for (const auto& [name, name_at, node] : *table) {
        const auto* array = value_of<TomlArray>(node, name, "a list of texts");
        if (array) pairs.emplace_back(Text{name, name_at}, plain_values_of(*array, node.at, name));
    }
    return pairs;
}

std::vector<std::pair<Text, Texts>> Fields::text_or_texts_pairs(const std::string& key) {
    std::vector<std::pair<Text, Texts>> pairs;
    if (!has(key)) missing(key);
    const TomlEntry* entry = find(key);
    const auto* table = entry ? value_of<TomlTable>(entry->node, key, "a table of texts") : nullptr;
    if (!table) return pairs;
    if (table->empty()) problems_.error(entry->node.at, fmt::format("\"{}\" must not be empty", key));
    for (const auto& [name, name_at, node] : *table) {
        if (const auto* array = std::get_if<TomlArray>(&node.value))
            pairs.emplace_back(Text{name, name_at}, plain_values_of(*array, node.at, name));
        else if (auto value = plain_value_of(node, name))
            pairs.emplace_back(Text{name, name_at}, Texts{std::move(*value)});
    }
    return pairs;
}

Texts Fields::plain_values_of(const TomlArray& array, Span at, const std::string& key) {
    if (array.empty()) problems_.error(at, fmt::format("\"{}\" must not be empty", key));
    Texts values;
    for (const TomlNode& element : array)
        if (auto value = plain_value_of(element, key)) values.push_back(std::move(*value));
    return values;
}

std::string Fields::title_of(const std::string& key) const {
    const size_t brackets = title_.find_first_not_of('[');  // [x] or [[x]]
    if (brackets == std::string::npos) return key;
    return fmt::format("{}.{}", title_.substr(brackets, title_.size() - 2 * brackets), key);
}

bool Fields::table(const std::string& key, const Reader& reader) {
    const TomlEntry* entry = find(key);
    if (!entry) return false;
    const std::string title = fmt::format("[{}]", title_of(key));
    if (const auto* table =
            value_of<TomlTable>(entry->node, key, fmt::format("a table, written as {}", title)))
        read(*table, entry->node.at, title, problems_, reader);
    return true;
}

void Fields::required_table(const std::string& key, const Reader& reader) {
    if (!table(key, reader)) missing_.push_back({{key}, fmt::format("[{}]", key)});
}

void Fields::each_table(const std::string& key, const Reader& reader) {
    const TomlEntry* entry = find(key);
    if (!entry) return;
    const std::string title = fmt::format("[[{}]]", title_of(key));
    const std::string wanted = fmt::format("a list of tables, each written as {}", title);
    const auto* array = value_of<TomlArray>(entry->node, key, wanted);
    if (!array) return;
    if (array->size() > max_tables)
        problems_.error(array->at(max_tables).at, fmt::format("more than {} {}", max_tables, title));
    for (size_t i = 0; i < std::min(array->size(), max_tables); ++i)
        if (const auto* table = value_of<TomlTable>(array->at(i), key, wanted))
            read(*table, array->at(i).at, title, problems_, reader);
}

void Fields::required_tables(const std::string& key, const Reader& reader) {
    if (!has(key)) missing_.push_back({{key}, fmt::format("[[{}]]", key)});
    each_table(key, reader);
}

void Fields::each_named_table(const std::string& key,
                              const std::function<void(const Text&, Fields&)>& reader) {
    const TomlEntry* entry = find(key);
    if (!entry) return;
    const std::string wanted = fmt::format("tables, each written as [{}.NAME]", title_of(key));
    const auto* tables = value_of<TomlTable>(entry->node, key, wanted);
    if (!tables) return;
    if (tables->size() > max_tables)
        problems_.error(tables->at(max_tables).key_at,
                        fmt::format("more than {} [{}.NAME]", max_tables, title_of(key)));
    for (size_t i = 0; i < std::min(tables->size(), max_tables); ++i) {
        const auto& [name, name_at, node] = tables->at(i);
        if (const auto* table = value_of<TomlTable>(node, key, wanted))
            read(*table, node.at, fmt::format("[{}.{}]", title_of(key), name), problems_,
                 [&, text = Text{name, name_at}](Fields& fields) { reader(text, fields); });
    }
}

void Fields::report_unknown_and_missing() {
    const std::string here = title_.empty() ? "" : fmt::format(" in {}", title_);
    std::vector<std::string> meant;  // by the misspelt keys
    for (const TomlEntry& entry : table_) {
        if (everything_allowed_ || std::ranges::find(known_, entry.key) != known_.end()) continue;
        std::ranges::copy(nearest(entry.key, known_), std::back_inserter(meant));
        problems_.error(entry.key_at, fmt::format("unknown key \"{}\"{}{}", entry.key, here,
                                                  did_you_mean(entry.key, known_)));
    }
    for (const auto& [keys, shown] : missing_)
        if (std::ranges::find_first_of(keys, meant) == keys.end())
            problems_.error(at_, fmt::format("{} needs {}", title_.empty() ? "a scenario" : title_, shown));
}

}  // namespace rehang
