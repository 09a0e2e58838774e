// Where the modules of a program are that qemu-user runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace rehang {

// The arm64 file that `module` (a file name or soname) stands for, where qemu-user is started with these
// words: one that they name (a program, an entry of LD_PRELOAD), or one in a folder of libraries below a root
// that they name (-L). Nothing if there is none.
std::optional<std::string> find_guest_file(const std::string& module, const std::vector<std::string>& words);

}  // namespace rehang
