// For tests of looking at targets oneself: --gdb, --keep, --core.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "command.h"
#include "family.h"

namespace rehang::e2e {

// As must_skip(), where there is no gdb.
bool no_gdb();

// A gdb at its prompt, which nobody has typed anything into.
struct AtPrompt {
    // Of `rehang run SCENARIO --gdb MORE…`; gdb has stopped a process of this name.
    AtPrompt(const std::string& scenario, const std::string& stopped,
             const std::vector<std::string>& more = {});
    int pid_of(const std::string& name) const;
    int worker() const { return family.at(1).pid; }
    void quit() const;

    Folder folder;
    UniqueFd typing;
    std::optional<Running> run;
    std::vector<Relative> family;
};

}  // namespace rehang::e2e
