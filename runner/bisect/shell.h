// Programs that help a bisect: git, and what builds a version.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace rehang {

struct Ended {
    int status = 0;   // 128 + N after signal N
    std::string out;  // what it wrote to stdout
};

// Finds the program in PATH; its stdin is /dev/null, and so is its stderr if no file is named for it. Errors:
// there is none, it can't be started.
Expected<Ended> run_and_read(const std::string& program, const std::vector<std::string>& words,
                             const std::string& log = {});

// `sh -c COMMAND` in a folder, stdout and stderr to a file. The exit status.
Expected<int> run_command(const std::string& command, const std::string& folder, const std::string& log);

}  // namespace rehang
