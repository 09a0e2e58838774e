// `syscall` of a [[fault]]: names of system calls, groups of them, and regular expressions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenario/fault_decl.h"
#include "scenario/judging.h"

namespace rehang {

struct FaultedCall {
    std::string name;
    int number = 0;
    // In a group, which a regular expression is, too, calls that a fault can't happen to, or that lack an
    // argument, are left out; where the call itself is named, that is a mistake.
    bool only_in_group = false;
    Span at;            // of the name, or the group's
    std::string group;  // which one
};

// Each call once, in the order in which they are named. Nothing if it can't be judged yet, or is wrong.
std::optional<std::vector<FaultedCall>> faulted_calls(const SyscallFaultDecl& fault, const Judging& judging);

}  // namespace rehang
