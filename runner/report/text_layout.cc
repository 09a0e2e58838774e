#include "report/text_layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace rehang {
namespace {

// SGR sequences, ECMA-48 8.3.117.
std::string_view start_of(Tone tone) {
    switch (tone) {
        case Tone::good:
            return "\x1b[32m";
        case Tone::bad:
            return "\x1b[31m";
        case Tone::warn:
            return "\x1b[33m";
        case Tone::title:
            return "\x1b[1m";
        case Tone::faint:
            return "\x1b[2m";
    }
    return "";
}

}  // namespace

std::string painted(std::string_view text, Tone tone, const TextStyle& style) {
    return style.colour ? fmt::format("{}{}\x1b[0m", start_of(tone), text) : std::string(text);
}

size_t columns_of(std::string_view text) {
    // UTF-8: every byte but the continuation bytes (10xxxxxx) starts a code point.
    return static_cast<size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(std::string_view text, size_t columns) {
    const size_t used = columns_of(text);
    return std::string(text) + std::string(columns > used ? columns - used : 0, ' ');
}

std::string wrapped(std::string_view lead, std::string_view text, const TextStyle& style) {
    constexpr size_t narrowest = 30;  // a deep tree on a small terminal: rather too wide than one word a line
    const size_t indent = columns_of(lead);
    const size_t width = std::max(indent + narrowest, static_cast<size_t>(style.width));
    std::string lines(lead);
    size_t column = indent;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (word.empty()) continue;
        const size_t columns = columns_of(word);
        if (column > indent && column + 1 + columns > width) {
            lines += '\n' + std::string(indent, ' ');
            column = indent;
        }
        if (column > indent) {
            lines += ' ';
            ++column;
        }
        lines += word;
        column += columns;
    }
    return lines + '\n';
}

std::string section(std::string_view title, const TextStyle& style) {
    return fmt::format("\n{}\n", painted(title, Tone::title, style));
}

}  // namespace rehang
