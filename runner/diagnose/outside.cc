#include "diagnose/outside.h"

#include <fmt/format.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/files.h"
#include "diagnose/proc_files.h"
#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

// What the processes that are looked at have in common with others, if anybody has.
struct Shared {
    std::set<std::string> targets;                           // "pipe:[12]", "socket:[7]", "/tmp/fifo"
    std::set<std::pair<std::uint64_t, std::string>> memory;  // inode and path of shared mappings
    std::vector<pid_t> processes;
};

// Memory without a name, which is only inherited. What has a name may be mapped by anybody at any time.
bool may_be_shared(const elf::Mapping& mapping) {
    return mapping.shared && mapping.inode != 0 &&
           (mapping.path == "/dev/zero" || mapping.path.starts_with("[anon_shmem:"));
}

std::string socket_target(std::uint64_t inode) {
    return fmt::format("socket:[{}]", inode);
}

Shared shared_by(const Snapshot& snapshot) {
    Shared shared;
    for (const ProcessSnapshot& process : snapshot.processes) {
        shared.processes.push_back(process.pid);
        for (const DescriptorSnapshot& descriptor : process.descriptors)
            if (descriptor.kind != FileKind::other || descriptor.target.starts_with("anon_inode:"))
                shared.targets.insert(descriptor.target);
        for (const elf::Mapping& mapping : process.mappings)
            if (may_be_shared(mapping)) shared.memory.emplace(mapping.inode, mapping.path);
    }
    // The other side of a socket is another socket.
    for (const auto& [inode, socket] : snapshot.sockets) {
        if (!shared.targets.contains(socket_target(inode))) continue;
        if (socket.peer) shared.targets.insert(socket_target(*socket.peer));
        for (const std::uint64_t listening : socket.not_accepted_by)
            shared.targets.insert(socket_target(listening));
    }
    return shared;
}

bool share_address_space(pid_t one, pid_t other) {
    return syscall(SYS_kcmp, one, other, KCMP_VM, 0UL, 0UL) == 0;
}

bool maps_some(const Shared& shared, const std::vector<elf::Mapping>& mappings) {
    return std::ranges::any_of(mappings, [&](const elf::Mapping& mapping) {
        return may_be_shared(mapping) && shared.memory.contains({mapping.inode, mapping.path});
    });
}

// One process outside, and what could be seen of it.
struct Outsider {
    ProcessSnapshot process;
    bool seen = true;
    bool matters = false;
};

// A process whose main thread has ended shows what it has open only through one that is left.
std::string readable_task(pid_t pid, char state) {
    if (state != 'Z') return fmt::format("/proc/{}", pid);
    for (const pid_t tid : proc::numbers_in(fmt::format("/proc/{}/task", pid)).value_or(std::vector<pid_t>()))
        if (tid != pid) return fmt::format("/proc/{}/task/{}", pid, tid);
    return {};  // a zombie has nothing open
}

ThreadSnapshot some_thread(pid_t pid, const std::string& name) {
    ThreadSnapshot thread;
    thread.tid = pid;
    thread.name = name;
    thread.nth = 1;
    thread.state = 'R';
    return thread;
}

bool has_memory_of(pid_t pid, const Shared& shared) {
    return std::ranges::any_of(shared.processes,
                               [&](pid_t process) { return share_address_space(pid, process); });
}

std::optional<Outsider> look_at(pid_t pid, const Shared& shared, Reach reach) {
    const auto stat = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", pid)));
    if (!stat || stat->kernel_thread) return std::nullopt;
    const std::string task = readable_task(pid, stat->state);
    if (task.empty()) return std::nullopt;
    Outsider outsider;
    outsider.process.pid = pid;
    outsider.process.parent = stat->parent;
    outsider.process.name = stat->comm;
    outsider.process.outside = true;
    outsider.process.threads = {some_thread(pid, stat->comm)};
    if (reach == Reach::address_space) {
        outsider.matters = has_memory_of(pid, shared);
        return outsider;
    }
    const auto targets = proc::read_descriptor_targets(task);
    // Long to read, and asked for only where the tree has memory that others could have, too.
    const auto mappings = shared.memory.empty() ? std::vector<elf::Mapping>() : elf::read_mappings(pid);
    outsider.seen = targets.has_value() && (shared.memory.empty() || !mappings.empty());
    if (!outsider.seen) return outsider;
    outsider.matters =
        std::ranges::any_of(*targets, [&](const auto& target) { return shared.targets.contains(target); }) ||
        maps_some(shared, mappings) || has_memory_of(pid, shared);
    if (!outsider.matters) return outsider;
    auto descriptors = proc::read_descriptors(task);
    outsider.seen = descriptors.has_value();
    outsider.process.descriptors = std::move(descriptors).value_or(std::vector<DescriptorSnapshot>());
    outsider.process.mappings = mappings;
    return outsider;
}

// Root sees all but what a security module hides, and that may be the machine's first process: it hands pipes
// to others, one end of each, and holding the same end as they do is not what it is for.
bool is_trusted(const Outsider& outsider) {
    return geteuid() == 0 && outsider.process.parent == 0;
}

bool is_there(pid_t pid) {
    const auto stat = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", pid)));
    return stat && stat->state != 'Z' && stat->state != 'X';
}

// Seen in an earlier pass, too: what it had open in either of them counts.
void add(std::vector<ProcessSnapshot>& processes, ProcessSnapshot process) {
    const auto known = std::ranges::find(processes, process.pid, &ProcessSnapshot::pid);
    if (known == processes.end())
        processes.push_back(std::move(process));
    else
        std::ranges::move(process.descriptors, std::back_inserter(known->descriptors));
}

std::string cannot_be_seen(const std::vector<std::string>& names) {
    constexpr size_t most = 3;
    const std::string others =
        names.size() > most ? fmt::format(" and {} more", names.size() - most) : std::string();
    const std::vector<std::string> first(
        names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(most, names.size())));
    return fmt::format("it may share what it waits for with processes that only root may look into ({}{})",
                       enumerate(first, others.empty() ? " and " : ", "), others);
}

}  // namespace

Outside look_outside(const Snapshot& snapshot, Reach reach) {
    Outside outside;
    const Shared shared = shared_by(snapshot);
    const std::set<pid_t> looked_at(shared.processes.begin(), shared.processes.end());
    std::vector<std::string> unseen;
    constexpr int passes = 2;
    for (int pass = 0; pass < passes; ++pass) {
        unseen.clear();
        for (const pid_t pid : proc::numbers_in("/proc").value_or(std::vector<pid_t>())) {
            if (looked_at.contains(pid)) continue;
            auto outsider = look_at(pid, shared, reach);
            if (!outsider) continue;
            if (!outsider->seen && !is_trusted(*outsider) && is_there(pid))
                unseen.push_back(fmt::format("{} (pid {})", outsider->process.name, pid));
            if (outsider->matters) add(outside.processes, std::move(outsider->process));
        }
    }
    if (!unseen.empty()) outside.unseen = cannot_be_seen(unseen);
    return outside;
}

}  // namespace rehang
