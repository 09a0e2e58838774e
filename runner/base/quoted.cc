#include "base/quoted.h"

#include <fmt/format.h>

namespace rehang {

std::string quoted(std::string_view text) {
    std::string all = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            all += {'\\', c};
        else if (code < 0x20 || code == 0x7f)
            all += fmt::format("\\u{:04x}", code);
        else
            all += c;
    }
    return all + '"';
}

}  // namespace rehang
