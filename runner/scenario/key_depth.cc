#include "scenario/key_depth.h"

namespace rehang {
namespace {

// The end of the string whose opening quote is at `start`; the end of the text if it is never closed.
size_t skip_string(std::string_view toml, size_t start) {
    const char quote = toml[start];
    const bool has_escapes = quote == '"';
    const bool multi_line = toml.substr(start, 3) == std::string_view(has_escapes ? R"(""")" : "'''");
    const std::string_view closing = toml.substr(start, multi_line ? 3 : 1);
    size_t at = start + closing.size();
    while (at < toml.size()) {
        if (has_escapes && toml[at] == '\\')
            at += 2;
        else if (toml.substr(at, closing.size()) == closing)
            break;
        else if (toml[at] == '\n' && !multi_line)
            return at;  // a syntax error, which the parser reports
        else
            ++at;
    }
    at += closing.size();
    // A multi-line string may end with up to two quotes of its own right before the closing ones.
    while (multi_line && at < toml.size() && toml[at] == quote) ++at;
    return at;
}

size_t skip_comment(std::string_view toml, size_t start) {
    return toml.find('\n', start);
}

}  // namespace

std::optional<size_t> find_too_deep_key(std::string_view toml) {
    size_t parts = 1;
    size_t at = 0;
    while (at < toml.size()) {
        switch (toml[at]) {
            case '#':
                at = skip_comment(toml, at);
                continue;
            case '"':
            case '\'':
                at = skip_string(toml, at);
                continue;
            case '.':
                if (++parts > max_key_parts) return at;
                break;
            case '\n':
            case '=':
            case ',':
            case '{':
            case '[':
                parts = 1;
                break;
            default:
                break;
        }
        ++at;
    }
    return std::nullopt;
}

}  // namespace rehang
