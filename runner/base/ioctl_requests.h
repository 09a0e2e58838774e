// Names of ioctl(2) requests, as the kernel's headers have them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rehang {

std::optional<std::uint32_t> ioctl_request(std::string_view name);
std::vector<std::string> ioctl_request_names(std::uint32_t number);  // several drivers may use one number
const std::vector<std::string>& ioctl_request_names();               // all, for suggestions

}  // namespace rehang
