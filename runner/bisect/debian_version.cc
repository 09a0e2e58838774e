#include "bisect/debian_version.h"

#include <algorithm>

namespace rehang {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Of what is not a number: "~" comes even before the end, letters before all other signs.
int weight_of(std::string_view text) {
    constexpr int after_all_letters = 256;
    if (text.empty() || is_digit(text.front())) return 0;
    const auto c = static_cast<unsigned char>(text.front());
    if (c == '~') return -1;
    return is_letter(text.front()) ? c : c + after_all_letters;
}

std::string_view take_number(std::string_view& text) {
    const auto end = std::ranges::find_if_not(text, is_digit);
    std::string_view digits = text.substr(0, static_cast<size_t>(end - text.begin()));
    text.remove_prefix(digits.size());
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

// In turn a part without digits and a number, which may be longer than any type of number.
std::weak_ordering compare_parts(std::string_view a, std::string_view b) {
    while (!a.empty() || !b.empty()) {
        while ((!a.empty() && !is_digit(a.front())) || (!b.empty() && !is_digit(b.front()))) {
            if (const auto order = weight_of(a) <=> weight_of(b); order != 0) return order;
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
        const std::string_view x = take_number(a), y = take_number(b);
        if (const auto order = x.size() <=> y.size(); order != 0) return order;
        if (const auto order = x <=> y; order != 0) return order;
    }
    return std::weak_ordering::equivalent;
}

struct Parts {
    std::string_view epoch, upstream, revision;
};

Parts parts_of(std::string_view version) {
    Parts parts;
    if (const size_t colon = version.find(':'); colon != std::string_view::npos) {
        parts.epoch = version.substr(0, colon);
        version.remove_prefix(colon + 1);
    }
    const size_t dash = std::min(version.rfind('-'), version.size());
    parts.upstream = version.substr(0, dash);
    if (dash < version.size()) parts.revision = version.substr(dash + 1);
    return parts;
}

}  // namespace

std::weak_ordering compare_debian_versions(std::string_view a, std::string_view b) {
    const Parts x = parts_of(a), y = parts_of(b);
    // No epoch, and no revision, is the same as 0.
    if (const auto order = compare_parts(x.epoch, y.epoch); order != 0) return order;
    if (const auto order = compare_parts(x.upstream, y.upstream); order != 0) return order;
    return compare_parts(x.revision, y.revision);
}

}  // namespace rehang
