// Which versions there are to choose from, the oldest first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace rehang {

// What --versions names:
//   list:A,B,C     values of the parameter, the oldest first
//   file:NAME      the same, a line each; empty lines and those that begin with # do not count
//   dir:PATTERN    paths that fit (glob(7)), in the order of the numbers in their names (strverscmp(3))
// Errors: none of these; a file that can't be read; a value that comes twice; fewer than two.
Expected<std::vector<std::string>> read_versions(std::string_view source);

}  // namespace rehang
