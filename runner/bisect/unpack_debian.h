// Debian packages as the files of a system, without installing them.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace rehang {

// Unpacks them into `root`, whole or not at all: it is made as `aside` first. None of their scripts run. What
// could reach out of the folder is taken out: absolute links lead to where they would lead in a system of its
// own, and no file runs as its owner. Documentation is left out.
Expected<void> unpack_debian(const std::vector<std::string>& packages, const std::string& root,
                             const std::string& aside, const std::string& log);

}  // namespace rehang
