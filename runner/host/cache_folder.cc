#include "host/cache_folder.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

namespace rehang {
namespace {

std::string_view absolute_path_in(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && value[0] == '/' ? value : "";
}

}  // namespace

// A value that is no absolute path is to be ignored.
std::string cache_folder() {
    if (const auto cache = absolute_path_in("XDG_CACHE_HOME"); !cache.empty()) return std::string(cache);
    return fmt::format("{}/.cache", absolute_path_in("HOME"));
}

}  // namespace rehang
