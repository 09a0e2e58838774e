// Clauses that the sentences of several causes share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "diagnose/evidence.h"

namespace rehang {

// "A ← B ← C": the innermost frames that have names; "" where none has.
std::string told_stack(const std::vector<elf::Frame>& stack);
// The same for a thread that exists.
std::string told_stack(const Evidence& evidence, pid_t tid);

// "the main thread of app", "app thread 2".
std::string name_of(const ForkRecord& fork, const ThreadAtFork& thread);
// Graph node of a thread that was not copied: "app:thread 2".
GraphNode node_of(const ForkRecord& fork, const ThreadAtFork& thread, const std::string& child);

// "app waits in turn: it …" for each thread of the stuck chain that is not `told` yet; from the cause
// outwards.
std::vector<std::string> who_waits_in_turn(const Evidence& evidence,
                                           const std::function<bool(const ThreadWait&)>& told);

}  // namespace rehang
