// A pipe, a FIFO or a stream of sockets.
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>

#include "diagnose/causes.h"
#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

bool reads(const Wait& wait) {
    return wait.kind == WaitKind::pipe_read || wait.kind == WaitKind::socket_read;
}

// The other end of what a thread reads: a pipe's write end, the peer of a socket. Nothing where closing that
// would not end the wait.
struct OtherEnd {
    FileKind kind = FileKind::pipe;
    std::uint64_t inode = 0, device = 0;
};

std::optional<OtherEnd> other_end(const Snapshot& snapshot, const ThreadWait& reader) {
    const DescriptorSnapshot* const own =
        find_descriptor(*find_process(snapshot, reader.pid), reader.wait.fd);
    if (!own || !reads(reader.wait)) return std::nullopt;
    if (own->kind == FileKind::pipe)
        return OtherEnd{.kind = FileKind::pipe, .inode = own->inode, .device = own->device};
    const auto socket = snapshot.sockets.find(own->inode);
    if (socket == snapshot.sockets.end() || socket->second.type == SOCK_DGRAM) return std::nullopt;
    const std::uint64_t peer = socket->second.peer.value_or(0);
    if (peer == 0) return std::nullopt;
    return OtherEnd{.kind = FileKind::socket, .inode = peer};
}

bool is(const DescriptorSnapshot& descriptor, const OtherEnd& end) {
    return descriptor.kind == end.kind && descriptor.inode == end.inode &&
           (end.kind == FileKind::socket || (descriptor.device == end.device && descriptor.writable));
}

struct Holder {
    const ProcessSnapshot& process;
    const DescriptorSnapshot& descriptor;
};

std::vector<Holder> holders_of(const Evidence& evidence, const ThreadWait& reader) {
    const auto end = other_end(evidence.snapshot, reader);
    std::vector<Holder> holders;
    if (!end) return holders;
    for (const ProcessSnapshot& process : evidence.snapshot.processes) {
        const auto found =
            std::ranges::find_if(process.descriptors, [&](const auto& other) { return is(other, *end); });
        if (found != process.descriptors.end()) holders.push_back({.process = process, .descriptor = *found});
    }
    return holders;
}

// The threads that a reader hopes for. Of a poll, all who could end it.
std::vector<pid_t> hopes_for(const Evidence& evidence, const ThreadWait& thread) {
    if (thread.wait.kind == WaitKind::poll) return thread.wait.wakers;
    std::vector<pid_t> threads;
    for (const Holder& holder : holders_of(evidence, thread))
        std::ranges::copy(living_threads(holder.process), std::back_inserter(threads));
    return threads;
}

// Reads from somebody who reads from … the reader. Then they wait for each other, which is another story.
bool reads_in_a_circle(const Evidence& evidence, const ThreadWait& from, pid_t reader) {
    std::vector<pid_t> met = hopes_for(evidence, from);
    for (size_t i = 0; i < met.size(); ++i) {
        const ThreadWait* const thread = evidence.graph.of(met[i]);
        if (met[i] == reader) return true;
        if (!thread || !(reads(thread->wait) || thread->wait.kind == WaitKind::poll)) continue;
        for (const pid_t tid : hopes_for(evidence, *thread))
            if (std::ranges::find(met, tid) == met.end()) met.push_back(tid);
    }
    return false;
}

// Waiting in these is what a daemon does for a living: nothing is wrong with the holder but that it holds.
bool is_an_end_in_itself(const Evidence& evidence, const ThreadWait& holding, pid_t reader) {
    const Wait& wait = holding.wait;
    if (wait.kind == WaitKind::signal || wait.kind == WaitKind::accept) return true;
    return (wait.kind == WaitKind::poll || reads(wait)) && !reads_in_a_circle(evidence, holding, reader);
}

// Only other processes hold it, and all of their threads wait for something that has nothing to do with the
// reader.
bool is_just_held(const Evidence& evidence, const ThreadWait& reader, const std::vector<Holder>& holders) {
    return !holders.empty() && std::ranges::all_of(holders, [&](const Holder& holder) {
        const auto threads = living_threads(holder.process);
        return holder.process.pid != reader.pid && std::ranges::all_of(threads, [&](pid_t tid) {
                   const ThreadWait* const thread = evidence.graph.of(tid);
                   return thread && is_an_end_in_itself(evidence, *thread, reader.tid);
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
    const std::string end = holder.descriptor.kind == FileKind::pipe
                                ? "the write end"
                                : fmt::format("its peer, {},", holder.descriptor.target);
    finding.sentences.push_back(fmt::format("{} holds {} open as its fd {}{}.", name, end,
                                            holder.descriptor.fd, since_when(evidence.scope, holder)));
    for (const pid_t tid : living_threads(holder.process))
        finding.sentences.push_back(fmt::format("{} will not close it: it {}.",
                                                label_of(evidence.snapshot, tid),
                                                evidence.graph.of(tid)->wait.sentence));
}

}  // namespace

std::optional<Finding> find_held_pipe(const Evidence& evidence) {
    for (const ThreadWait* const reader : stuck_chain(evidence)) {
        const auto holders = holders_of(evidence, *reader);
        if (!is_just_held(evidence, *reader, holders)) continue;
        const DescriptorSnapshot& own =
            *find_descriptor(*find_process(evidence.snapshot, reader->pid), reader->wait.fd);
        Finding finding = {.cause = Cause::held_pipe, .sentences = {}, .thread = 0, .nodes = {}, .edges = {}};
        finding.sentences.push_back(
            fmt::format("{} waits for bytes or the end of {} (its fd {}), and neither can come.",
                        label_of(evidence.snapshot, reader->tid), own.target, own.fd));
        for (const Holder& holder : holders) add_holder(finding, evidence, holder);
        return finding;
    }
    return std::nullopt;
}

}  // namespace rehang
