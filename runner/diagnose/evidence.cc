#include "diagnose/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "diagnose/futex_object.h"
#include "diagnose/snapshot_view.h"

namespace rehang {

std::vector<pid_t> main_threads(const Snapshot& snapshot, const Scope& scope) {
    std::vector<pid_t> threads;
    for (const ProcessSnapshot& process : snapshot.processes) {
        if (process.outside) continue;
        if (scope.world == World::sandbox &&
            std::ranges::find(scope.main_processes, process.path) == scope.main_processes.end())
            continue;
        std::ranges::copy(living_threads(process), std::back_inserter(threads));
    }
    return threads;
}

std::vector<const ThreadWait*> stuck_chain(const Evidence& evidence) {
    std::vector<const ThreadWait*> chain;
    std::map<pid_t, const ThreadWait*> not_met;
    for (const ThreadWait& thread : evidence.graph.threads)
        if (thread.stuck) not_met.emplace(thread.tid, &thread);
    const auto add = [&](const std::vector<pid_t>& tids) {
        for (const pid_t tid : tids)
            if (const auto thread = not_met.extract(tid)) chain.push_back(thread.mapped());
    };
    add(main_threads(evidence.snapshot, evidence.scope));
    for (size_t i = 0; i < chain.size(); ++i) add(chain[i]->wait.wakers);
    return chain;
}

std::string label_of(const Snapshot& snapshot, pid_t tid) {
    const ProcessSnapshot* const process = process_of_thread(snapshot, tid);
    return process ? label(*process, *find_thread(snapshot, tid)) : fmt::format("thread {}", tid);
}

std::string thread_node(const ProcessSnapshot& process, const ThreadSnapshot& thread) {
    return fmt::format("{}:{}", label(process), role(thread));
}

std::string pipe_node(std::uint64_t inode) {
    return fmt::format("pipe:{}", inode);
}

std::string lock_node(std::uint64_t address) {
    return fmt::format("lock:{:#x}", address);
}

std::vector<const ForkRecord*> forks_that_led_to(const Scope& scope, const std::string& path) {
    std::vector<const ForkRecord*> forks;
    for (auto fork = std::ranges::find(scope.forks, path, &ForkRecord::child); fork != scope.forks.end();
         fork = std::ranges::find(scope.forks, fork->parent, &ForkRecord::child))
        forks.push_back(&*fork);
    return forks;
}

std::vector<const ForkRecord*> forks_of_the_memory(const Scope& scope, const std::string& path) {
    const auto known = std::ranges::find(scope.processes, path, &KnownProcess::path);
    unsigned execs = known == scope.processes.end() ? 0 : known->execs;
    std::vector<const ForkRecord*> forks;
    for (const ForkRecord* const fork : forks_that_led_to(scope, path)) {
        if (execs > 0 || fork->shares_memory) break;
        forks.push_back(fork);
        execs = fork->parent_execs;
    }
    return forks;
}

bool is_private(const ProcessSnapshot& process, std::uint64_t address) {
    const elf::Mapping* const mapping = mapping_at(process, address);
    return mapping && !mapping->shared;
}

bool exists_in(const ProcessSnapshot& process, pid_t inner_tid) {
    return std::ranges::any_of(process.threads,
                               [&](const auto& thread) { return thread.inner_tid == inner_tid; });
}

std::string place_of(const Evidence& evidence, const ProcessSnapshot& process, std::uint64_t address) {
    const auto place = elf::describe(process.pid, elf::modules_of(process.mappings), address, evidence.files);
    if (!place.module.empty()) return fmt::format("{} ({:#x})", place.text(), address);
    const elf::Mapping* const mapping = mapping_at(process, address);
    return mapping && mapping->path.starts_with('[') ? fmt::format("{:#x} in {}", address, mapping->path)
                                                     : fmt::format("{:#x}", address);
}

bool stands_in(const Evidence& evidence, pid_t tid, std::string_view symbol) {
    constexpr size_t innermost = 4;  // the lock functions that a lock function is made of
    // An alias that a library has for its own use has underscores in front.
    const auto bare = [](std::string_view name) {
        name.remove_prefix(std::min(name.find_first_not_of('_'), name.size()));
        return name;
    };
    const auto stack = evidence.stacks.find(tid);
    if (stack == evidence.stacks.end()) return false;
    const auto& frames = stack->second;
    return std::any_of(frames.begin(),
                       frames.begin() + static_cast<std::ptrdiff_t>(std::min(innermost, frames.size())),
                       [&](const elf::Frame& frame) { return bare(frame.symbol) == bare(symbol); });
}

std::optional<pid_t> mutex_owner(const ThreadWait& waiting) {
    if (waiting.wait.owner == 0 || !is_owned_lock(waiting.wait)) return std::nullopt;
    return waiting.wait.owner;
}

}  // namespace rehang
