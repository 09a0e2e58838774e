// Which processes are looked at, given those that the user named.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>
#include <vector>

namespace rehang {

enum class Tree {
    below,     // those that were named, with all their descendants
    ancestor,  // from the topmost ancestor in the same session on; the shell of a terminal is left out
    related,   // with everybody who has a pipe, a FIFO or a socket in common with them, and so on
};
std::optional<Tree> parse_tree(std::string_view text);

std::vector<pid_t> roots_of(const std::vector<pid_t>& named, Tree tree);

}  // namespace rehang
