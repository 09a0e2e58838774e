// The result of looking at a scope: stuck or not, why, with stacks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/graph.h"
#include "diagnose/scope.h"
#include "diagnose/snapshot.h"
#include "elf/unwind.h"
#include "scenario/vocabulary.h"

namespace rehang {

struct DiagnosedThread {
    pid_t tid = 0, inner_tid = 0;
    unsigned nth = 0;
    std::string name;
    std::string role;  // "main", or "thread 2"
    Wait wait;
    bool stuck = false;
    std::string may_go_on;
    std::vector<elf::Frame> stack;
};

struct DiagnosedProcess {
    std::string path;
    pid_t pid = 0, inner_pid = 0, parent = 0;
    std::string parent_path;  // who forked it
    std::string program;      // the file that it executes; "": not known
    unsigned execs = 0;       // execve calls since its birth; the start of a [[process]] is not one
    std::string name;         // comm
    std::string state;        // "zombie", "running", "gone"
    std::optional<int> exit_status;
    std::vector<DiagnosedThread> threads;
};

struct GraphEdge {
    std::string from,
        to;  // node ids: "probe/1/1:main", "probe/1/1:thread 2"; a lock "lock:0x7f…", a pipe "pipe:123"
    std::string label;  // "waits for", "held open by (fd 3)", "was held at the fork by"
};
struct GraphNode {
    std::string id;
    std::string kind;  // "thread", "process", "pipe", "lock"
    std::string label;
};

struct Diagnosis {
    bool stuck = false;  // every main process that is left is proven stuck
    Cause cause = Cause::unknown;
    pid_t innermost = 0;                   // where stuck: the thread that the others wait for in the end
    std::vector<std::string> explanation;  // sentences, most important first; each can stand in a bug report
    std::vector<std::string>
        doubts;  // why nothing is proven: the waits that were not understood, who may still go on
    std::vector<DiagnosedProcess> processes;
    std::vector<GraphNode> nodes;
    std::vector<GraphEdge> edges;
};

// Looks again and again; cheap when nobody changed. Lives as long as its run; keeps the symbol caches.
class Diagnoser {
  public:
    explicit Diagnoser(elf::Files& files);
    ~Diagnoser();

    enum class Answer {
        moving,  // somebody ran or may go on by itself
        stuck,   // proven: two equal, consistent looks, and every main process that is left is in the stuck
                 // set
        order_stuck,  // the same, if the runner's own holds last for ever: the order asked for can't be
                      // reached any more
    };
    // One quick look (about a millisecond), never blocks. Sets `latest` sentence of why not, see doubts().
    Answer look(const Scope& scope);
    const std::vector<std::string>& doubts() const;
    // Threads that seem to get nowhere on their own: using the processor at each of the last looks, or waking
    // up by time-outs again and again. Nothing that is held, and none that a rule understands.
    std::vector<pid_t> restless() const;

    // Everything for the report, with stacks and cause, of what the last look saw; also when it was not stuck
    // (time-out, unmet).
    Diagnosis explain(const Scope& scope);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Reads the forking process's threads at a fork. The forking thread is stopped (by ptrace); the others may
// run. Does not stop anyone. `known` supplies births, names of holds and, for held threads, registers and
// arguments.
ForkRecord capture_fork(const KnownProcess& parent, pid_t forking_tid, const std::string& child_path,
                        pid_t child_pid, const std::vector<ThreadAtFork>& held);

}  // namespace rehang
