// The one event loop of a run: ptrace stops, deaths, output, limits, and a look at the targets whenever they
// are quiet.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "elf/symbols.h"
#include "plan/plan.h"
#include "supervise/stepping.h"
#include "supervise/tracing.h"

namespace rehang {

// A [[process]] that waits to be let go. Who made it does not matter here; the supervisor takes the
// descriptors over.
struct ReadyProcess {
    std::string name;
    pid_t pid = -1;
    UniqueFd launch;       // one byte lets it execute
    UniqueFd exec_error;   // an errno (int) if that failed
    UniqueFd stdout_read;  // non-blocking
    UniqueFd stderr_read;
};

struct CapturedOutput {
    std::string text;
    bool cut = false;  // the limit was reached; what came later was read and dropped
};

// What the supervisor asks of whoever understands waits. All are called on the loop's thread, with no stop
// unhandled.
class Watcher : public StepViewer {
  public:
    enum class Look {
        moving,       // somebody ran, or may go on by itself
        stuck,        // proven: nobody can go on
        order_stuck,  // proven: nobody can go on unless a hold is given up
    };
    virtual Look look() = 0;
    // After a look that said `moving`: threads that use the processor all the time, as it seems.
    virtual std::vector<pid_t> running() const = 0;
    // The forking thread is stopped, the child has not run yet.
    virtual void forked(const TrackedProcess& parent, pid_t forking_tid, const TrackedProcess& child) = 0;
    // A hold is about to be given up: its thread still stands at its point. Impossible: proven.
    virtual void giving_up(size_t hold, const std::string& reason, bool impossible) = 0;
};

enum class End {
    finished,  // every [[process]] has ended
    stuck,     // proven
    unmet,     // a hold was given up, in a run whose order matters
    timed_out,
    process_limit,
};

struct Supervision {
    End end = End::timed_out;
    Instant launched, ended;
    std::map<std::string, std::pair<CapturedOutput, CapturedOutput>>
        output;  // by [[process]]: stdout, stderr
};

class Supervisor {
  public:
    // Borrows all three. From here on SIGCHLD is blocked in this thread.
    Supervisor(const Plan& plan, elf::Files& files, Watcher& watcher, IfTracerEnds then = IfTracerEnds::kill);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    // The thread that calls this traces the targets. Lets the processes go, and returns when the run is
    // decided; the targets are then as they were at that moment, still traced. usage error: a program that
    // can't be executed. failed: the sandbox's init ended by itself.
    Expected<Supervision> run(std::vector<ReadyProcess> processes, pid_t init);
    // After run(), on its thread; see Tracing.
    void stop_for_good(const std::set<pid_t>& but_not);
    // What targets that are left may still ask: nobody answers after run() but who is given these.
    std::vector<int> listeners() const;
    // After the init was killed: waits for all that is left of the targets. False if something is left after
    // `limit`.
    bool drain(std::chrono::milliseconds limit);

    const Tracing& tracing() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace rehang
