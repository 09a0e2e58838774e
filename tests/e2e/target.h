// Processes of a test's own that hang in a known way, for `rehang diagnose`.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "command.h"

namespace rehang::e2e {

// A process named "target" that ends with the object together with its process group.
class Target {
  public:
    explicit Target(const std::function<void()>& body);
    ~Target();
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    std::string pid() const { return std::to_string(pid_); }

  private:
    pid_t pid_ = -1;
};

// A thread holds the mutex while the process forks; the child wants it.
void fork_while_another_thread_holds_a_mutex();
void lock_twice();

// Without pids, tids and inner names of the C library, which differ from one version to the next.
std::string without_numbers(std::string text);

// Looks until the target has come to where it hangs.
Finished diagnose_until(int status, const std::vector<std::string>& words);

}  // namespace rehang::e2e
