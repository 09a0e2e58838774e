// Short-lived children in which the host's probes try things.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/unique_fd.h"

namespace rehang {

// Waits for a child's end, through interruptions. Returns the status of waitpid(2), or -1.
inline int reap(pid_t pid) {
    int status = -1;
    while (::waitpid(pid, &status, __WALL) < 0)
        if (errno != EINTR) return -1;
    return status;
}

// Runs `trial` in a forked child. `trial` returns 0 or an errno value, which fits an exit code; so does this.
template <class Trial>
int try_in_child(Trial trial) {
    const pid_t pid = ::fork();
    if (pid < 0) return errno;
    if (pid == 0) ::_exit(trial());
    const int status = reap(pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;  // the trial was killed: by a signal or a filter
}

}  // namespace rehang
