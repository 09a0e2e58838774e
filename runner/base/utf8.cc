#include "base/utf8.h"

#include <cstdint>

namespace rehang {
namespace {

// Of the character at the beginning; 0 if there is none. Overlong forms and halves of UTF-16 are none.
size_t length_of_first(std::string_view bytes) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const size_t length = byte(0) < 0x80   ? 1
                          : byte(0) < 0xc2 ? 0
                          : byte(0) < 0xe0 ? 2
                          : byte(0) < 0xf0 ? 3
                          : byte(0) < 0xf5 ? 4
                                           : 0;
    if (length == 0 || length > bytes.size()) return 0;
    std::uint32_t code = byte(0) & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return 0;
        code = code << 6 | (byte(i) & 0x3fU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    return overlong || surrogate || (length == 4 && code > 0x10ffff) ? 0 : length;
}

}  // namespace

std::string as_utf8(std::string_view bytes) {
    std::string text;
    while (!bytes.empty()) {
        const size_t length = length_of_first(bytes);
        text += length == 0 ? std::string_view("\xef\xbf\xbd") : bytes.substr(0, length);
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    return text;
}

}  // namespace rehang
