// Files that appear: which system calls can make one, and whether a path exists where a target would look.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "scenario/argument_text.h"

namespace rehang {

struct CreatingCall {
    int number = 0;
    std::vector<ArgumentCondition> where;  // only with these arguments
};
// Calls that give a file, folder, link, FIFO, device or socket its name.
const std::vector<CreatingCall>& creating_calls();

// An absolute path, with symbolic links and mounts as the process sees them; a link at its end counts as it
// is. False if the process is gone.
bool exists_for(pid_t pid, const std::string& path);

}  // namespace rehang
