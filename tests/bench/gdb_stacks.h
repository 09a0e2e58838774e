// What people do with a hang: ask gdb for all stacks of each process that is left.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/error.h"

namespace rehang::bench {

// Milliseconds, one process after the other; nothing where none is left.
Expected<std::optional<double>> time_gdb(const std::vector<pid_t>& pids);

}  // namespace rehang::bench
