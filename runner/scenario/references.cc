#include "scenario/references.h"

#include <fmt/format.h>

#include <algorithm>

namespace rehang {
namespace {

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// Cuts the text into plain pieces and references, and tells the visitor of each; the message of the first
// wrong reference.
template <class OnPlain, class OnName>
std::expected<void, std::string> scan(std::string_view text, const OnPlain& on_plain, const OnName& on_name) {
    while (!text.empty()) {
        const size_t start = text.find("${");
        if (start == std::string_view::npos) {
            on_plain(text);
            break;
        }
        if (start > 0 && text[start - 1] == '$') {
            on_plain(text.substr(0, start - 1));
            on_plain("${");
            text.remove_prefix(start + 2);
            continue;
        }
        on_plain(text.substr(0, start));
        const std::string_view rest = text.substr(start + 2);
        const size_t length =
            static_cast<size_t>(std::ranges::find_if_not(rest, is_name_char) - rest.begin());
        if (length == rest.size() || rest[length] != '}' || length == 0)
            return std::unexpected(
                fmt::format("\"${{{}\" is no reference to a parameter", rest.substr(0, length)));
        on_name(std::string(rest.substr(0, length)));
        text = rest.substr(length + 1);
    }
    return {};
}

}  // namespace

const std::vector<std::string>& builtin_params() {
    static const std::vector<std::string> names = {"targets", "scenario_dir", "arm64_root"};
    return names;
}

std::expected<std::vector<std::string>, std::string> find_references(std::string_view text) {
    std::vector<std::string> names;
    const auto scanned = scan(
        text, [](std::string_view) {}, [&](std::string name) { names.push_back(std::move(name)); });
    if (!scanned) return std::unexpected(scanned.error());
    return names;
}

bool has_references(std::string_view text) {
    return text.find("${") != std::string_view::npos;
}

std::string substitute(std::string_view text,
                       const std::function<std::string(const std::string&)>& value_of) {
    std::string result;
    const auto scanned = scan(
        text, [&](std::string_view plain) { result += plain; },
        [&](const std::string& name) { result += value_of(name); });
    return scanned ? result : std::string(text);
}

}  // namespace rehang
