// Where programs keep what they can make again.
#pragma once

#include <string>

namespace rehang {

// $XDG_CACHE_HOME, else ~/.cache (XDG Base Directory Specification). Absolute.
std::string cache_folder();

}  // namespace rehang
