#include "campaign/xml_text.h"

#include <cstdint>
#include <optional>

namespace rehang {
namespace {

struct CodePoint {
    char32_t value;
    size_t bytes;
};

size_t bytes_by_first(std::uint8_t first) {
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first < 0xe0) return 2;
    if (first >= 0xe0 && first < 0xf0) return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

// The one that the text begins with; nothing when this is not UTF-8.
std::optional<CodePoint> first_of(std::string_view text) {
    const auto first = static_cast<std::uint8_t>(text.front());
    const size_t bytes = bytes_by_first(first);
    if (bytes == 0 || bytes > text.size()) return std::nullopt;
    char32_t value = bytes == 1 ? first : first & (0x7fU >> bytes);
    for (const char next : text.substr(1, bytes - 1)) {
        const auto byte = static_cast<std::uint8_t>(next);
        if ((byte & 0xc0) != 0x80) return std::nullopt;
        value = value << 6 | (byte & 0x3fU);
    }
    const bool longer_than_needed = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
    if (longer_than_needed || value > 0x10ffff) return std::nullopt;
    return CodePoint{.value = value, .bytes = bytes};
}

bool is_in_xml(char32_t value) {
    if (value < 0x20) return value == '\t' || value == '\n' || value == '\r';
    return value < 0xd800 || (value > 0xdfff && value != 0xfffe && value != 0xffff);
}

}  // namespace

std::string xml_text(std::string_view text) {
    std::string clean;
    while (!text.empty()) {
        const auto first = first_of(text);
        const size_t bytes = first ? first->bytes : 1;
        if (first && is_in_xml(first->value))
            clean += text.substr(0, bytes);
        else
            clean += "\xef\xbf\xbd";
        text.remove_prefix(bytes);
    }
    return clean;
}

}  // namespace rehang
