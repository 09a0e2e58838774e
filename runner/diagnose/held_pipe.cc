#include <fmt/format.h>

#include <algorithm>

#include "diagnose/causes.h"
#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

// Waiting in these is what a daemon does for a living: nothing is wrong with the holder but that it holds.
// When it waits for the reader in turn, the two wait for each other, which is another story.
bool is_an_end_in_itself(const Wait& wait, pid_t reader) {
    if (wait.kind == WaitKind::signal) return true;
    const bool waits_for_reader = std::ranges::find(wait.wakers, reader) != wait.wakers.end();
    return (wait.kind == WaitKind::poll || wait.kind == WaitKind::pipe_read) && !waits_for_reader;
}

const DescriptorSnapshot* write_end(const ProcessSnapshot& process, const Wait& wait) {
    const auto found = std::ranges::find_if(process.descriptors, [&](const DescriptorSnapshot& descriptor) {
        return descriptor.kind == FileKind::pipe && descriptor.writable &&
               descriptor.inode == wait.pipe_inode;
    });
    return found == process.descriptors.end() ? nullptr : &*found;
}

struct Holder {
    const ProcessSnapshot& process;
    const DescriptorSnapshot& descriptor;
};

std::vector<Holder> holders_of(const Evidence& evidence, const ThreadWait& reader) {
    std::vector<Holder> holders;
    for (const ProcessSnapshot& process : evidence.snapshot.processes)
        if (const DescriptorSnapshot* const descriptor = write_end(process, reader.wait))
            holders.push_back({.process = process, .descriptor = *descriptor});
    return holders;
}

// Only other processes hold it, and all of their threads wait for something that has nothing to do with the
// reader.
bool is_just_held(const Evidence& evidence, const ThreadWait& reader, const std::vector<Holder>& holders) {
    return !holders.empty() && std::ranges::all_of(holders, [&](const Holder& holder) {
        const auto threads = living_threads(holder.process);
        return holder.process.pid != reader.pid && std::ranges::all_of(threads, [&](pid_t tid) {
                   const ThreadWait* const thread = evidence.graph.of(tid);
                   return thread && is_an_end_in_itself(thread->wait, reader.tid);
               });
    });
}

bool has(const ForkRecord& fork, const DescriptorSnapshot& end) {
    return std::ranges::any_of(fork.descriptors, [&](const DescriptorSnapshot& other) {
        return other.inode == end.inode && other.device == end.device && other.target == end.target &&
               other.writable;
    });
}

// Since when the holder has it: the forks that handed it down, from the process that opened it or was given
// it.
std::string since_when(const Scope& scope, const Holder& holder) {
    const auto forks = forks_that_led_to(scope, holder.process.path);
    if (forks.empty()) return {};
    std::vector<std::string> path = {holder.process.path};
    for (const ForkRecord* const fork : forks) {
        if (!has(*fork, holder.descriptor)) break;
        path.insert(path.begin(), fork->parent);
    }
    if (path.size() == 1) return ", which it has opened or was given after it was forked";
    return fmt::format(", inherited through the fork{} {}", path.size() == 2 ? "" : "s",
                       fmt::join(path, " → "));
}

void add_holder(Finding& finding, const Evidence& evidence, const Holder& holder) {
    const std::string name = label(holder.process);
    finding.sentences.push_back(fmt::format("{} holds the write end open as its fd {}{}.", name,
                                            holder.descriptor.fd, since_when(evidence.scope, holder)));
    for (const pid_t tid : living_threads(holder.process))
        finding.sentences.push_back(fmt::format("{} will not close it: it {}.",
                                                label_of(evidence.snapshot, tid),
                                                evidence.graph.of(tid)->wait.sentence));
}

}  // namespace

std::optional<Finding> find_held_pipe(const Evidence& evidence) {
    for (const ThreadWait* const reader : stuck_chain(evidence)) {
        if (reader->wait.kind != WaitKind::pipe_read) continue;
        const auto holders = holders_of(evidence, *reader);
        if (!is_just_held(evidence, *reader, holders)) continue;
        Finding finding = {.cause = Cause::held_pipe, .sentences = {}, .thread = 0, .nodes = {}, .edges = {}};
        finding.sentences.push_back(
            fmt::format("{} waits for bytes or the end of pipe:[{}] (its fd {}), and neither can come.",
                        label_of(evidence.snapshot, reader->tid), reader->wait.pipe_inode, reader->wait.fd));
        for (const Holder& holder : holders) add_holder(finding, evidence, holder);
        return finding;
    }
    return std::nullopt;
}

}  // namespace rehang
