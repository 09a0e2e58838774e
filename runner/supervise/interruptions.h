// Which system calls a signal can interrupt.
#pragma once

#include <sys/types.h>

#include "supervise/system_call.h"

namespace rehang {

// A signal handler can make this call of the thread fail with EINTR, or begin it again: it may wait for long
// (signal(7), "Interruption of system calls and library functions by signal handlers"). Not a call on a file,
// folder, block device or most of what is an "anon_inode": those wait for something short, if at all.
bool can_be_interrupted(const SystemCall& call, pid_t tid);

}  // namespace rehang
