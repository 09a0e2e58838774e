// Tables of ours that are written as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rehang {

// The parts of a text between single spaces, in order; none for "".
std::vector<std::string> words(std::string_view text);

}  // namespace rehang
