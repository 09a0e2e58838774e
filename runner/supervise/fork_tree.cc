#include "supervise/fork_tree.h"

#include <algorithm>

namespace rehang {

TrackedProcess& ForkTree::add_root(const std::string& name, pid_t pid) {
    TrackedProcess& process = processes_.emplace_back();
    process.pid = pid;
    process.path = {.root = name, .forks = {}};
    process.started = false;
    add_thread(process, pid);
    return process;
}

TrackedProcess& ForkTree::add_child(TrackedProcess& parent, pid_t pid) {
    TrackedProcess& child = processes_.emplace_back();
    child.pid = pid;
    child.path = parent.path;
    child.path.forks.push_back(++parent.forks);
    child.parent = parent.path;
    child.program = parent.program;
    add_thread(child, pid);
    return child;
}

TrackedThread& ForkTree::add_thread(TrackedProcess& process, pid_t tid) {
    by_tid_[tid] = &process;
    return process.threads.emplace_back(TrackedThread{.tid = tid, .nth = ++process.births});
}

void ForkTree::execute(TrackedProcess& process, std::string program) {
    if (process.started) ++process.execs;
    process.started = true;
    process.program = std::move(program);
    for (const TrackedThread& thread : process.threads) by_tid_.erase(thread.tid);
    process.threads.clear();
    process.births = 0;
    add_thread(process, process.pid);
}

void ForkTree::end_thread(pid_t tid) {
    TrackedProcess* process = process_of(tid);
    if (!process) return;
    std::erase_if(process->threads, [&](const TrackedThread& thread) { return thread.tid == tid; });
    by_tid_.erase(tid);
}

void ForkTree::end_process(TrackedProcess& process, int exit_status) {
    for (const TrackedThread& thread : process.threads) by_tid_.erase(thread.tid);
    process.threads.clear();
    process.exit_status = exit_status;
}

TrackedProcess* ForkTree::process_of(pid_t tid) {
    const auto found = by_tid_.find(tid);
    return found == by_tid_.end() ? nullptr : found->second;
}

const TrackedProcess* ForkTree::process_of(pid_t tid) const {
    const auto found = by_tid_.find(tid);
    return found == by_tid_.end() ? nullptr : found->second;
}

const TrackedThread* ForkTree::thread(pid_t tid) const {
    const auto found = by_tid_.find(tid);
    if (found == by_tid_.end()) return nullptr;
    const auto thread = std::ranges::find(found->second->threads, tid, &TrackedThread::tid);
    return thread == found->second->threads.end() ? nullptr : &*thread;
}

const TrackedProcess* ForkTree::find(const ProcessPath& path) const {
    const auto found = std::ranges::find(processes_, path, &TrackedProcess::path);
    return found == processes_.end() ? nullptr : &*found;
}

bool ForkTree::had(pid_t pid) const {
    return std::ranges::find(processes_, pid, &TrackedProcess::pid) != processes_.end();
}

}  // namespace rehang
