// Groups of system calls, as strace(1) names them: "%file", "%network".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rehang {

// The calls of the group that this machine's architecture has, in the order of their names; nothing for an
// unknown group.
std::optional<std::vector<std::string>> syscall_group(std::string_view name);
const std::vector<std::string>& syscall_group_names();  // "%clock", …

}  // namespace rehang
