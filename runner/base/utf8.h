// Bytes from anywhere as text (RFC 3629).
#pragma once

#include <string>
#include <string_view>

namespace rehang {

// What is no UTF-8 becomes U+FFFD, a byte each.
std::string as_utf8(std::string_view bytes);

}  // namespace rehang
