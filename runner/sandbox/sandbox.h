// Carries a Plan's set-up out: namespaces, mounts, limits, launch. Everything in it ends with the init
// process, and that with the runner.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "plan/plan.h"
#include "plan/target_filter.h"

namespace rehang {

// A [[process]] that is ready to be executed: it exists, and blocks until its launch byte comes.
struct LaunchedProcess {
    std::string name;
    pid_t pid = -1;        // in the runner's pid namespace
    UniqueFd launch;       // write one byte: the process goes on to execve; close without: it ends
    UniqueFd exec_error;   // reads the errno (int) of a failed execve or preparation, or ends with nothing
                           // when it worked (O_CLOEXEC)
    UniqueFd stdout_read;  // non-blocking read ends; the runner and the targets hold the only ends
    UniqueFd stderr_read;
};

// Owner of the namespaces' init. Lives on one thread: the init gets SIGKILL when that thread ends
// (PR_SET_PDEATHSIG), so that nothing outlives the runner, even one that is ended by SIGKILL. The destructor
// kills and reaps whatever is left.
class Sandbox {
  public:
    // New user, pid, mount, net, ipc and uts namespaces; the host's root read-only; private /tmp, /var/tmp,
    // /run, /dev/shm and Plan.sandbox.private_folders; loopback up. The [[process]]es get the pids 2, 3, … in
    // the order of the file, and the filters in that order, or none at all. Errors: unsupported where the
    // host forbids it (which part, and the command that allows it); failed otherwise.
    static Expected<Sandbox> create(const Plan& plan, const std::vector<TargetFilter>& filters);

    Sandbox(Sandbox&&) noexcept;
    Sandbox& operator=(Sandbox&&) noexcept;
    ~Sandbox();

    pid_t init() const { return init_; }
    const UniqueFd& init_pidfd() const { return init_pidfd_; }
    std::vector<LaunchedProcess>& processes() { return processes_; }

    // SIGKILL to the init, and so to everything inside. Does not wait: tracees must be waited for by their
    // tracer.
    void kill();

  private:
    Sandbox() = default;
    Expected<void> start(const UniqueFd& handshake);
    void end();

    pid_t init_ = -1;
    UniqueFd init_pidfd_;
    std::vector<LaunchedProcess> processes_;
};

}  // namespace rehang
