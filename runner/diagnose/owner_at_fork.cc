#include "diagnose/owner_at_fork.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "diagnose/snapshot_view.h"
#include "diagnose/waited_object.h"

namespace rehang {
namespace {

// The extent of an object around its lock, as far as an argument that points to the object may be away from
// the lock.
constexpr std::uint64_t object_extent = 4096;

struct Question {
    const Evidence& evidence;
    const ProcessSnapshot& child;
    pid_t waiting;
    std::uint64_t lock;
    std::uint32_t word;
    LockKind kind;
    std::optional<pid_t> mutex_owner;
};

// It may have been taken since. Of a word that says "locked" by being 0, nothing else tells.
bool was_locked(const Question& question, const ForkRecord& fork) {
    const auto word = word_at_fork(fork, question.lock);
    return word ? is_locked(question.kind, *word) : question.kind != LockKind::semaphore;
}

// One that waited for the lock itself did not hold it.
bool may_own(const ThreadAtFork& thread, std::uint64_t lock) {
    return !thread.forking && thread.waits_for != lock;
}

std::string ordinal(size_t index) {
    constexpr std::array names = {"first", "second", "third", "fourth", "fifth", "sixth"};
    return names.at(index);
}

// Was called with the lock, or with the object that the lock is a part of.
std::optional<std::string> by_argument(const Question& question, const ThreadAtFork& thread) {
    if (!thread.arguments_known) return std::nullopt;
    const elf::Mapping* const mapping = mapping_at(question.child, question.lock);
    for (size_t i = 0; i < thread.arguments.size(); ++i) {
        const std::uint64_t argument = thread.arguments[i];
        const bool near = argument <= question.lock && question.lock - argument < object_extent;
        if (!near || !mapping || argument < mapping->start) continue;
        return argument == question.lock
                   ? fmt::format("it was called with {:#x}, the lock's address, as its {} argument", argument,
                                 ordinal(i))
                   : fmt::format(
                         "it was called with {:#x}, the object that has the lock at offset {:#x}, as its {} "
                         "argument",
                         argument, question.lock - argument, ordinal(i));
    }
    return std::nullopt;
}

std::optional<std::string> by_stack(const Question& question, const ThreadAtFork& thread) {
    const auto& bytes = thread.stack.bytes;
    for (size_t at = 0; at + sizeof(std::uint64_t) <= bytes.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        if (value == question.lock) return fmt::format("the lock's address, {:#x}, lay on its stack", value);
    }
    return std::nullopt;
}

// It stood in the code that the lock belongs to; for a lock in the heap or on a stack nothing can be said of
// that.
bool was_in_the_locks_module(const Question& question, const ThreadAtFork& thread) {
    const auto modules = elf::modules_of(question.child.mappings);
    const elf::Module* const module = elf::module_at(modules, question.lock);
    if (!module) return true;
    return std::ranges::any_of(stack_at_fork(question.evidence, question.child, thread),
                               [&](const elf::Frame& frame) { return frame.module == module->name; });
}

// A FILE's lock: the word, how often it is locked, a pointer to the owner's struct pthread (glibc,
// stdio-lock.h), which lies on the owner's stack, above all frames. The first thread has it elsewhere.
std::optional<std::string> by_self_pointer(const Question& question, const ThreadAtFork& thread) {
    const pid_t pid = question.child.pid;
    const auto depth = word_at(question.evidence.snapshot, pid, question.lock + 4);
    const auto owner = long_at(question.evidence.snapshot, pid, question.lock + 8);
    const elf::Mapping* const stack = mapping_at(question.child, thread.stack.start);
    if (!depth || *depth == 0 || !owner || !stack || *owner >= stack->end) return std::nullopt;
    if (*owner <= thread.stack.start || thread.stack.bytes.empty()) return std::nullopt;
    return fmt::format("the lock names it as its owner: {:#x} is its thread descriptor", *owner);
}

// The innermost functions of the module that the lock belongs to.
std::vector<std::string_view> functions_at_the_lock(const Question& question,
                                                    const std::vector<elf::Frame>& stack) {
    constexpr size_t most = 2;  // further out is what the program does, not what the lock is for
    const auto modules = elf::modules_of(question.child.mappings);
    const elf::Module* const module = elf::module_at(modules, question.lock);
    std::vector<std::string_view> functions;
    for (const elf::Frame& frame : stack)
        if (module && frame.module == module->name && !frame.symbol.empty() &&
            !frame.symbol.starts_with("__lll_lock_wait") && functions.size() < most)
            functions.push_back(frame.symbol);
    return functions;
}

std::optional<std::string> by_function(const Question& question, const ThreadAtFork& thread) {
    const auto waiting = question.evidence.stacks.find(question.waiting);
    if (waiting == question.evidence.stacks.end()) return std::nullopt;
    const auto stack = stack_at_fork(question.evidence, question.child, thread);
    for (const std::string_view function : functions_at_the_lock(question, waiting->second))
        if (std::ranges::find(stack, function, &elf::Frame::symbol) != stack.end())
            return fmt::format("it was in {}, which takes this lock", function);
    return std::nullopt;
}

std::optional<std::string> as_the_only_one(const Question& question, const ForkRecord& fork,
                                           const ThreadAtFork& thread) {
    if (question.kind == LockKind::word) return std::nullopt;  // joins and others have such words too
    const auto candidates =
        std::ranges::count_if(fork.threads, [&](const auto& other) { return may_own(other, question.lock); });
    if (candidates != 1 || !was_in_the_locks_module(question, thread)) return std::nullopt;
    constexpr std::string_view alone = "no other thread but the forking one existed that could have held it";
    if (const auto word = word_at_fork(fork, question.lock))
        return fmt::format("it was locked at the fork, its word was {}, and {}", *word, alone);
    return std::string(alone);
}

using Rule = std::optional<std::string> (*)(const Question&, const ForkRecord&, const ThreadAtFork&);

// Strongest first.
constexpr std::array<Rule, 5> rules = {
    [](const Question& question, const ForkRecord&, const ThreadAtFork& thread) {
        return by_self_pointer(question, thread);
    },
    [](const Question& question, const ForkRecord&, const ThreadAtFork& thread) {
        return by_argument(question, thread);
    },
    [](const Question& question, const ForkRecord&, const ThreadAtFork& thread) {
        return by_stack(question, thread);
    },
    [](const Question& question, const ForkRecord&, const ThreadAtFork& thread) {
        return by_function(question, thread);
    },
    as_the_only_one,
};

// A join waits at the joined thread's id: nobody held that.
bool is_join_of_one(const Question& question, const ForkRecord& fork) {
    return question.kind == LockKind::word &&
           std::ranges::any_of(fork.threads, [&](const ThreadAtFork& thread) {
               return thread.inner_tid == static_cast<pid_t>(question.word);
           });
}

std::optional<OwnerAtFork> owner_in(const Question& question, const ForkRecord& fork) {
    if (question.mutex_owner) {  // the lock itself knows: nothing else counts
        const auto owner = std::ranges::find(fork.threads, *question.mutex_owner, &ThreadAtFork::inner_tid);
        if (owner == fork.threads.end() || owner->forking) return std::nullopt;
        return OwnerAtFork{
            .fork = &fork, .thread = &*owner, .known_because = "the mutex names it as its owner"};
    }
    if (question.kind == LockKind::none || !was_locked(question, fork)) return std::nullopt;
    if (is_join_of_one(question, fork)) return std::nullopt;
    for (const Rule rule : rules)
        for (const ThreadAtFork& thread : fork.threads) {
            if (!may_own(thread, question.lock)) continue;
            if (auto reason = rule(question, fork, thread))
                return OwnerAtFork{.fork = &fork, .thread = &thread, .known_because = std::move(*reason)};
        }
    return std::nullopt;
}

}  // namespace

std::optional<OwnerAtFork> find_owner_at_fork(const Evidence& evidence, const ProcessSnapshot& child,
                                              const ThreadWait& waiting) {
    const Question question = {.evidence = evidence,
                               .child = child,
                               .waiting = waiting.tid,
                               .lock = waiting.wait.address,
                               .word = waiting.wait.word,
                               .kind = lock_waited_for(evidence, waiting),
                               .mutex_owner = mutex_owner(waiting)};
    if (question.mutex_owner && exists_in(child, *question.mutex_owner)) return std::nullopt;
    for (const ForkRecord* const fork : forks_of_the_memory(evidence.scope, child.path))
        if (auto owner = owner_in(question, *fork)) return owner;
    return std::nullopt;
}

std::optional<std::uint32_t> word_at_fork(const ForkRecord& fork, std::uint64_t address) {
    if (!fork.memory) return std::nullopt;
    for (const elf::SavedStack& piece : *fork.memory) {
        std::uint32_t word = 0;
        if (address < piece.start || address - piece.start + sizeof word > piece.bytes.size()) continue;
        std::memcpy(&word, piece.bytes.data() + (address - piece.start), sizeof word);
        return word;
    }
    return std::nullopt;
}

std::vector<elf::Frame> stack_at_fork(const Evidence& evidence, const ProcessSnapshot& child,
                                      const ThreadAtFork& thread) {
    if (thread.running) return {};
    if (thread.guest)
        return evidence.collector.guest_unwinder(child, thread.guest->base)
            .unwind(*thread.guest, &thread.stack);
    return evidence.collector.unwinder(child).unwind(thread.registers, &thread.stack);
}

}  // namespace rehang
