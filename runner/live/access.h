// May this user look into a process, and what would help if not. Source: ptrace(2), "Ptrace access mode
// checking".
#pragma once

#include <sys/types.h>

#include "base/error.h"

namespace rehang {

// Nothing to say: it can be looked into, or it is a zombie, of which everything is to be seen.
// usage: there is no such process, or it is a kernel thread. unsupported: not permitted; which permission is
// missing, and the command that has it.
Expected<void> may_look_into(pid_t pid);

}  // namespace rehang
