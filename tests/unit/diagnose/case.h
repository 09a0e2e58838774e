// Evidence made by hand: a scene, stacks by name, and what was recorded at forks.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include "diagnose/causes.h"
#include "scene.h"

namespace rehang {

class Case : public Scene {
  public:
    // A thread asleep at a futex word of its process, as glibc waits: the kernel compares `word` with
    // `expected`.
    ThreadSnapshot& waits_at(pid_t pid, pid_t tid, std::uint64_t address, std::uint32_t word,
                             std::uint32_t expected, bool shared = false);
    // The names of its innermost functions.
    void stands_in(pid_t tid, std::initializer_list<std::string> functions);
    // `parent` forked `child`; no thread is noted yet.
    ForkRecord& fork(const std::string& parent, const std::string& child);
    static ThreadAtFork& thread_at(ForkRecord& fork, pid_t inner_tid, bool forking = false);
    // What lay on its stack.
    static void on_stack(ThreadAtFork& thread, std::uint64_t value);
    // The process has executed programs, so many times since its birth.
    void executes(const std::string& path, unsigned execs);
    // Processes of these paths have to go on.
    void main_processes(std::initializer_list<std::string> paths) { scope.main_processes = paths; }

    std::optional<Finding> ask(std::optional<Finding> (*find)(const Evidence&));

    Scope scope;

  private:
    std::map<pid_t, std::vector<elf::Frame>> stacks_;
};

// All sentences, a line each.
std::string told(const Finding& finding);

}  // namespace rehang
