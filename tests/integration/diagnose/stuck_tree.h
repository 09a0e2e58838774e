// A small process tree for a test to diagnose: an init that the test owns, below it a process named "a" that
// runs the test's code. All of it ends with the test's object.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "diagnose/diagnosis.h"

namespace rehang {

struct Pipe {
    Pipe();
    UniqueFd read, write;
};

// Blocks until a byte comes or all write ends are closed.
void wait_for(const UniqueFd& read);
// One byte.
void tell(const UniqueFd& write);
// Lets go of every descriptor from 3 on but these: an inherited pipe end would be one more waker.
void keep_only(std::initializer_list<int> descriptors);

class StuckTree {
  public:
    // Runs `body` in process "a"; when it returns, "a" exits. `body` must not use Catch2.
    explicit StuckTree(const std::function<void()>& body);
    ~StuckTree();
    StuckTree(const StuckTree&) = delete;
    StuckTree& operator=(const StuckTree&) = delete;

    pid_t a() const { return a_; }
    // Names a descendant in the scope, once it exists: waits for child number `nth` (from 1) of `parent`.
    pid_t name_child(pid_t parent, const std::string& parent_path, const std::string& path, size_t nth = 1);

    // Looks until the answer comes, at most ten seconds; nothing: only `moving` came.
    std::optional<Diagnoser::Answer> look_until(Diagnoser::Answer answer);
    // Looks until the doubts have this text in one of them.
    bool look_until_doubt(const std::string& text);
    // As many looks as it takes to have seen `count` of the tree at rest with nothing proven; false when
    // something was proven.
    bool never_proven(int count = 50);
    Diagnosis explain() { return diagnoser_.explain(scope_); }

    // From now on looked at like any tree on this machine, that nobody started for the purpose: "a" and
    // below.
    void ask_from_outside();

    Scope& scope() { return scope_; }
    Diagnoser& diagnoser() { return diagnoser_; }

  private:
    pid_t init_ = -1;
    pid_t a_ = -1;
    elf::Files files_;
    Diagnoser diagnoser_{files_};
    Scope scope_;
};

const DiagnosedThread* find(const Diagnosis& diagnosis, const std::string& path, const std::string& role);
// All sentences of the explanation, a line each.
std::string told(const Diagnosis& diagnosis);
bool has_frame(const DiagnosedThread& thread, const std::string& symbol);

}  // namespace rehang
