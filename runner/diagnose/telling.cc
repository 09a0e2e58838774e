#include "diagnose/telling.h"

#include <fmt/format.h>

#include <algorithm>

namespace rehang {

std::string told_stack(const std::vector<elf::Frame>& stack) {
    constexpr size_t most = 6;
    std::vector<std::string_view> names;
    for (const elf::Frame& frame : stack)
        if (!frame.symbol.empty() && names.size() < most) names.push_back(frame.symbol);
    return fmt::format("{}", fmt::join(names, " ← "));
}

std::string told_stack(const Evidence& evidence, pid_t tid) {
    const auto stack = evidence.stacks.find(tid);
    return stack == evidence.stacks.end() ? std::string() : told_stack(stack->second);
}

std::string name_of(const ForkRecord& fork, const ThreadAtFork& thread) {
    return thread.nth == 1 ? fmt::format("the main thread of {}", fork.parent)
                           : fmt::format("{} thread {}", fork.parent, thread.nth);
}

GraphNode node_of(const ForkRecord& fork, const ThreadAtFork& thread, const std::string& child) {
    return {.id = fmt::format("{}:{}", fork.parent,
                              thread.nth == 1 ? "main" : fmt::format("thread {}", thread.nth)),
            .kind = "thread",
            .label = fmt::format("{}, which does not exist in {}", name_of(fork, thread), child)};
}

std::vector<std::string> who_waits_in_turn(const Evidence& evidence,
                                           const std::function<bool(const ThreadWait&)>& told) {
    std::vector<std::string> sentences;
    for (const ThreadWait* const thread : stuck_chain(evidence))
        if (!told(*thread))
            sentences.push_back(fmt::format("{} waits in turn: it {}.",
                                            label_of(evidence.snapshot, thread->tid), thread->wait.sentence));
    std::ranges::reverse(sentences);
    return sentences;
}

}  // namespace rehang
