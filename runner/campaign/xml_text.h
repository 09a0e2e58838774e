// What XML can hold of a text. Pure.
#pragma once

#include <string>
#include <string_view>

namespace rehang {

// XML 1.0 knows no control characters but tab and line ends, not even as references, no surrogates, nor
// U+FFFE and U+FFFF; each of them, and each byte that is not UTF-8, becomes U+FFFD. Nothing is escaped.
std::string xml_text(std::string_view text);

}  // namespace rehang
