// Runs shell scripts in a sandbox and tells what came out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/sandbox.h"

namespace rehang::test {

// A Plan of processes "p0", "p1", … that each run a script with /bin/sh.
Plan shell_plan(const std::vector<std::string>& scripts);

// The sandbox; nothing if this host can't have one: that is said, and is a failure where REHANG_MUST_RUN=1.
std::optional<Sandbox> try_create(const Plan& plan, const std::vector<TargetFilter>& filters = {});

void launch(LaunchedProcess& process);
// Everything that comes until all writers are gone.
std::string read_all(const UniqueFd& fd);
// The errno value of a failed execve; 0 if it worked.
int exec_error(const LaunchedProcess& process);
bool is_readable(int fd, int patience_ms = 10000);

// Launches the only process of a one-script Plan and returns its output, standard error included; nothing as
// for try_create.
std::optional<std::string> output_of(const std::string& script);
std::optional<std::string> output_of(const Plan& plan);

}  // namespace rehang::test
