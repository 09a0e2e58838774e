// Programs that ask for more privileges than their user has: in a sandbox they don't get them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace rehang {

// Why the program that the process executes would run with other privileges outside of the sandbox (the
// process has no_new_privs, prctl(2)): "is set-uid". Nothing for an ordinary program, or one that can't be
// looked at.
std::optional<std::string> refused_privileges(pid_t pid);

}  // namespace rehang
