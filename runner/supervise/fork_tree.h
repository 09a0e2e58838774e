// Who descends from whom: processes and threads by their place in the fork tree. Pure: fed with births,
// executions and deaths.
#pragma once

#include <sys/types.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenario/process_path.h"

namespace rehang {

struct TrackedThread {
    pid_t tid = 0;
    unsigned nth = 0;  // birth number in its process; the main thread is 1
};

struct TrackedProcess {
    pid_t pid = 0;
    pid_t inner_pid = 0;  // as the process itself sees it; 0: it was gone before it could be asked for
    ProcessPath path;
    std::string program;                 // what it runs: the executed file; "" where that can't be read
    unsigned execs = 0;                  // execve calls so far, without the one that starts a [[process]]
    bool started = true;                 // false: a [[process]] before that one
    std::optional<ProcessPath> parent;   // who forked it; nothing for a [[process]]
    unsigned forks = 0;                  // children so far
    unsigned births = 0;                 // threads so far
    std::vector<TrackedThread> threads;  // live ones, by birth
    std::optional<int> exit_status;      // as wait(2) gives it, once it has ended
    // With the executions so far: what points and faults are compared with.
    ProcessPath now() const { return {.root = path.root, .forks = path.forks, .exec = execs}; }
    bool ended() const { return exit_status.has_value(); }
};

class ForkTree {
  public:
    TrackedProcess& add_root(const std::string& name, pid_t pid);
    // A new process of a fork, vfork or clone by a thread of `parent`.
    TrackedProcess& add_child(TrackedProcess& parent, pid_t pid);
    TrackedThread& add_thread(TrackedProcess& process, pid_t tid);

    // execve(2) by any thread leaves one thread, the main one, with the process's pid as tid.
    void execute(TrackedProcess& process, std::string program);
    void end_thread(pid_t tid);
    void end_process(TrackedProcess& process, int exit_status);

    // Live ones by thread id; null if not known (any more).
    TrackedProcess* process_of(pid_t tid);
    const TrackedProcess* process_of(pid_t tid) const;
    const TrackedThread* thread(pid_t tid) const;
    const TrackedProcess* find(const ProcessPath& path) const;
    // Some process, living or not, has this pid.
    bool had(pid_t pid) const;

    // All, ended ones too, by birth.
    const std::deque<TrackedProcess>& processes() const { return processes_; }
    size_t live_threads() const { return by_tid_.size(); }

  private:
    std::deque<TrackedProcess> processes_;  // a deque: addresses stay good
    std::map<pid_t, TrackedProcess*> by_tid_;
};

}  // namespace rehang
