// Reads one TOML table by its keys. Asking for a key makes it known; keys that nobody asked for are reported
// with the nearest known one, required keys that are not there too, wherever a misspelt key does not explain
// it.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenario/problems.h"
#include "scenario/scenario.h"
#include "scenario/toml_tree.h"

namespace rehang {

// Of every kind of table (points, holds, …): keeps the checks that compare all with all quick.
inline constexpr size_t max_tables = 256;

// Lives only while `read` runs; borrows the table and the problems.
class Fields {
  public:
    static constexpr std::string_view text_in_quotes = "text in quotes";
    using Reader = std::function<void(Fields&)>;

    // `title` is what messages call the table: "[scenario]". Runs `reader`, then reports unknown and missing
    // keys.
    static void read(const TomlTable& table, Span at, std::string title, Problems& problems,
                     const Reader& reader);

    Span at() const { return at_; }
    bool has(std::string_view key) const;
    Texts keys() const;  // that the table has
    // The key's entry, for values of no common kind; null if it is not there.
    const TomlEntry* find(const std::string& key);
    // Keys that are judged elsewhere, or not at all.
    void allow(std::initializer_list<std::string_view> keys);
    void allow_everything() { everything_allowed_ = true; }
    void need_at_least_one(const std::vector<std::string>& keys);
    // One of these keys must be there, and no second one.
    void need_exactly_one(const std::vector<std::string>& keys);

    // Required ones: a missing or wrong value is reported, and the result is empty.
    Text text(const std::string& key);
    Texts texts(const std::string& key);
    // `wanted` is what messages call the right kind of value.
    std::optional<Text> maybe_text(const std::string& key, std::string_view wanted = text_in_quotes);
    // The same, but it may be empty: a file's content.
    std::optional<Text> maybe_content(const std::string& key);
    Texts maybe_texts(const std::string& key);
    std::optional<Located<std::int64_t>> integer(const std::string& key);
    std::optional<Located<std::int64_t>> maybe_integer(const std::string& key, std::int64_t least,
                                                       std::int64_t most);
    // A number as text, or text that refers to parameters and will be one when they are in.
    std::optional<Text> maybe_number(const std::string& key, bool fraction_allowed = false);
    std::optional<Located<Duration>> maybe_duration(const std::string& key);
    std::optional<Located<unsigned long long>> maybe_size(const std::string& key);
    // A key whose only value is true; its place.
    std::optional<Span> maybe_flag(const std::string& key);

    std::optional<bool> maybe_yes_or_no(const std::string& key);
    // Text, or a list of texts that is not empty. Required.
    Texts text_or_texts(const std::string& key);

    // A key whose value is true, which stands for `meaning`, or text.
    std::optional<Text> maybe_flag_or_text(const std::string& key, std::string_view meaning);

    // A word of a fixed vocabulary; `words` are all of them.
    template <class Word>
    std::optional<Located<Word>> word(const std::string& key, std::optional<Word> (*parse)(std::string_view),
                                      const std::vector<std::string>& words) {
        if (!has(key)) missing(key);
        return maybe_word(key, parse, words);
    }
    template <class Word>
    std::optional<Located<Word>> maybe_word(const std::string& key,
                                            std::optional<Word> (*parse)(std::string_view),
                                            const std::vector<std::string>& words) {
        const auto written = maybe_text(key);
        if (!written) return std::nullopt;
        if (const auto word = parse(written->value)) return Located<Word>{*word, written->at};
        report_unknown_word(key, *written, words);
        return std::nullopt;
    }
    void report_unknown_word(const std::string& key, const Text& written,
                             const std::vector<std::string>& words);

    // key = { name = "text", … }; whole numbers and true/false become text.
    std::vector<std::pair<Text, Text>> maybe_text_pairs(const std::string& key);
    // key = { name = ["text", …], … }
    std::vector<std::pair<Text, Texts>> maybe_texts_pairs(const std::string& key);
    // key = { name = "text", other = ["text", …], … }, with at least one name. Required.
    std::vector<std::pair<Text, Texts>> text_or_texts_pairs(const std::string& key);

    // [key]: runs `reader` on it; says whether it is there.
    bool table(const std::string& key, const Reader& reader);
    void required_table(const std::string& key, const Reader& reader);
    // [[key]]: on each of them.
    void each_table(const std::string& key, const Reader& reader);
    void required_tables(const std::string& key, const Reader& reader);
    // [key.NAME]: on each of them.
    void each_named_table(const std::string& key,
                          const std::function<void(const Text& name, Fields&)>& reader);

  private:
    struct Missing {
        std::vector<std::string> keys;  // one of them is needed
        std::string shown;              // in messages
    };

    Fields(const TomlTable& table, Span at, std::string title, Problems& problems)
        : table_(table), at_(at), title_(std::move(title)), problems_(problems) {}

    void missing(const std::string& key);
    template <class T>
    const T* value_of(const TomlNode& node, const std::string& key, std::string_view wanted);
    std::optional<Text> text_of(const TomlNode& node, const std::string& key,
                                std::string_view wanted = text_in_quotes);
    std::optional<Text> plain_value_of(const TomlNode& node, const std::string& key);
    Texts texts_of(const TomlNode& node, const std::string& key);
    Texts plain_values_of(const TomlArray& array, Span at, const std::string& key);
    void report_unknown_and_missing();
    std::string title_of(const std::string& key) const;

    const TomlTable& table_;
    Span at_;
    std::string title_;
    Problems& problems_;
    std::vector<std::string> known_;
    std::vector<Missing> missing_;
    bool everything_allowed_ = false;
};

}  // namespace rehang
