#include <fmt/format.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>

#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"

namespace rehang::wait_rules {
namespace {

// The inner pid that the call names; nothing where it takes any child, or one of a process group (any child
// then, to be safe).
std::optional<pid_t> wanted_child(const ThreadSnapshot& thread) {
    const auto& args = thread.args;
    const bool by_waitid = thread.syscall == SYS_waitid;
    const auto id = static_cast<pid_t>(by_waitid ? args[1] : args[0]);
    if (by_waitid ? args[0] == P_PID : id > 0) return id;
    return std::nullopt;
}

// Any thread of a process may wait for the children of all its threads.
std::vector<const ProcessSnapshot*> children_waited_for(const Sleeper& sleeper) {
    const auto wanted = wanted_child(sleeper.thread);
    std::vector<const ProcessSnapshot*> children;
    for (const pid_t pid : sleeper.process.children) {
        const ProcessSnapshot* const child = find_process(sleeper.snapshot, pid);
        if (!child) continue;
        // A parent that is in the runner's pid namespace knows a child in an inner one by its outer number.
        const bool by_outer_pid =
            wanted && sleeper.process.inner_pid == sleeper.process.pid && child->pid == *wanted;
        if (!wanted || child->inner_pid == *wanted || by_outer_pid) children.push_back(child);
    }
    return children;
}

void add_children(Wait& wait, const std::vector<const ProcessSnapshot*>& children) {
    for (const ProcessSnapshot* const child : children) {
        wait.children.push_back(child->pid);
        std::ranges::copy(living_threads(*child), std::back_inserter(wait.wakers));
    }
}

std::string names_of(const std::vector<const ProcessSnapshot*>& children) {
    std::vector<std::string> names;
    for (const ProcessSnapshot* const child : children) names.push_back(label(*child));
    return enumerate(names, " or ");
}

// wait also reports what happens to tracees, which need not be children.
std::vector<std::string> add_tracees(Wait& wait, const Sleeper& sleeper) {
    std::vector<std::string> names;
    for (const ProcessSnapshot& process : sleeper.snapshot.processes)
        for (const ThreadSnapshot& thread : process.threads) {
            if (thread.tracer == 0 || process_of_thread(sleeper.snapshot, thread.tracer) != &sleeper.process)
                continue;
            names.push_back(label(process, thread));
            if (!has_ended(thread)) wait.wakers.push_back(thread.tid);
        }
    return names;
}

// struct clone_args begins with them.
std::uint64_t clone3_flags(const Sleeper& sleeper) {
    return long_at(sleeper.snapshot, sleeper.process.pid, sleeper.thread.args[0]).value_or(0);
}

std::uint64_t clone_flags(const Sleeper& sleeper) {
    switch (sleeper.thread.syscall) {
        case SYS_vfork:
            return CLONE_VFORK | CLONE_VM;
        case SYS_clone:
            return sleeper.thread.args[0];
        default:
            return clone3_flags(sleeper);
    }
}

}  // namespace

Wait for_child(const Sleeper& sleeper) {
    const auto children = children_waited_for(sleeper);
    Wait wait;
    wait.kind = WaitKind::child;
    add_children(wait, children);
    // Another thread may make one more child, and any child will do.
    if (!wanted_child(sleeper.thread))
        std::ranges::copy(living_threads(sleeper.process, sleeper.thread.tid),
                          std::back_inserter(wait.wakers));
    const auto tracees = add_tracees(wait, sleeper);
    if (children.empty() && !tracees.empty()) {
        wait.sentence = fmt::format("waits for what {} does, which it traces", enumerate(tracees, " or "));
        return wait;
    }
    if (children.empty()) {
        wait.sentence = "waits for a child";
        wait.by_outside = "none of the processes that are looked at is the child that it waits for";
        return wait;
    }
    wait.sentence = fmt::format("waits for its child {}", names_of(children));
    const auto zombie = std::ranges::find_if(children, &ProcessSnapshot::zombie);
    if (zombie != children.end()) {
        wait.by_itself = true;
        wait.sentence += fmt::format("; {} has ended, so it is about to return", label(**zombie));
    }
    return wait;
}

Wait for_vfork(const Sleeper& sleeper) {
    const std::uint64_t flags = clone_flags(sleeper);
    if ((flags & CLONE_VFORK) == 0) return not_understood(sleeper);
    std::vector<const ProcessSnapshot*> children;
    for (const pid_t pid : sleeper.process.children)
        if (const auto* const child = find_process(sleeper.snapshot, pid);
            child && ((flags & CLONE_VM) == 0 || share_memory(*child, sleeper.process)))
            children.push_back(child);
    Wait wait;
    wait.kind = WaitKind::vfork;
    add_children(wait, children);
    wait.sentence =
        fmt::format("waits until its vfork child {} executes a program or ends", names_of(children));
    if (children.empty()) {
        wait.sentence = "waits until its vfork child executes a program or ends";
        wait.by_outside = "no child that could be the one is to be seen";
    }
    return wait;
}

}  // namespace rehang::wait_rules
