// The process in which runs happen. It owns all its children and tracees (waitpid(-1), see run_once.h), so
// that the command that started it needs none of that; and when a run brings it down, the other results are
// safe.
#pragma once

#include <sys/types.h>

namespace rehang {

// Serves job lines from stdin with answer lines on stdout until stdin ends; returns the exit status. Ends by
// SIGKILL together with `parent`, the process that started it. Call it from the only thread.
int serve_jobs(pid_t parent);

}  // namespace rehang
