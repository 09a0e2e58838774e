#include <fmt/format.h>

#include <algorithm>

#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"

namespace rehang::wait_rules {
namespace {

bool same_pipe(const DescriptorSnapshot& one, const DescriptorSnapshot& other) {
    return one.pipe && other.pipe && one.inode == other.inode && one.device == other.device;
}

// Is `descriptor` the other end of what the sleeper waits at?
bool is_other_end(const DescriptorSnapshot& descriptor, const PipeEnd& end) {
    return same_pipe(descriptor, end.descriptor) &&
           (end.for_reading ? descriptor.writable : descriptor.readable);
}

// A descriptor that was sent through a socket and not yet received belongs to no process, but may be the end
// in question.
std::optional<std::string> descriptors_in_flight(const Snapshot& snapshot) {
    for (const ProcessSnapshot& process : snapshot.processes)
        for (const DescriptorSnapshot& descriptor : process.descriptors)
            if (descriptor.scm_fds > 0)
                return fmt::format(
                    "{} descriptors are on their way through {} (fd {} of {}); one may be the other end of "
                    "{}",
                    descriptor.scm_fds, descriptor.target, descriptor.fd, label(process), "the pipe");
    return std::nullopt;
}

std::optional<std::string> unreadable_process(const Snapshot& snapshot) {
    for (const ProcessSnapshot& process : snapshot.processes)
        if (process.unreadable)
            return fmt::format("the descriptors of {} can't be read; it may hold the other end",
                               label(process));
    return std::nullopt;
}

// A FIFO has a name: whoever can open that may become its other end.
bool has_a_name(const DescriptorSnapshot& descriptor) {
    return descriptor.device != 0;
}

std::optional<std::string> unknown_waker(const Sleeper& sleeper, const PipeEnd& end, bool known_holders) {
    const auto& outside = sleeper.snapshot.held_outside;
    if (std::ranges::any_of(outside, [&](const auto& descriptor) { return is_other_end(descriptor, end); }))
        return fmt::format(
            "the other end of {} is held outside of the processes that are looked at, by the runner",
            name_of(end.descriptor));
    if (!known_holders)
        return fmt::format("none of the processes that are looked at holds the other end of {}",
                           name_of(end.descriptor));
    const bool private_place =
        sleeper.snapshot.world == World::sandbox && is_private_place(end.descriptor.target);
    if (has_a_name(end.descriptor) && !private_place)
        return fmt::format("anybody may open the FIFO {}", end.descriptor.target);
    if (auto in_flight = descriptors_in_flight(sleeper.snapshot)) return in_flight;
    return unreadable_process(sleeper.snapshot);
}

Wait at_pipe(const Sleeper& sleeper, WaitKind kind, bool for_reading) {
    const int fd = static_cast<int>(sleeper.thread.args[0]);
    const DescriptorSnapshot* const descriptor = find_descriptor(sleeper.process, fd);
    if (!descriptor || !descriptor->pipe || !(for_reading ? descriptor->readable : descriptor->writable))
        return not_understood(sleeper);
    const PipeEnd end = {.descriptor = *descriptor, .for_reading = for_reading};
    PipeWakers wakers = wakers_of(sleeper, end);
    Wait wait;
    wait.kind = kind;
    wait.fd = fd;
    wait.pipe_inode = descriptor->inode;
    wait.sentence = fmt::format("{} {}, {}", for_reading ? "reads from" : "writes to", name_of(*descriptor),
                                held_by(end, wakers));
    wait.wakers = std::move(wakers.threads);
    wait.by_outside = std::move(wakers.outside);
    return wait;
}

}  // namespace

Wait reading(const Sleeper& sleeper) {
    return at_pipe(sleeper, WaitKind::pipe_read, true);
}

Wait writing(const Sleeper& sleeper) {
    return at_pipe(sleeper, WaitKind::pipe_write, false);
}

PipeWakers wakers_of(const Sleeper& sleeper, const PipeEnd& end) {
    PipeWakers wakers;
    bool held = false;
    for (const ProcessSnapshot& process : sleeper.snapshot.processes) {
        const auto holding = std::ranges::find_if(
            process.descriptors, [&](const auto& descriptor) { return is_other_end(descriptor, end); });
        if (holding == process.descriptors.end()) continue;
        held = true;
        wakers.holders.push_back(fmt::format("{} (fd {})", label(process), holding->fd));
        std::ranges::copy(living_threads(process, sleeper.thread.tid), std::back_inserter(wakers.threads));
    }
    if (has_a_name(end.descriptor)) wakers.threads = living_threads(sleeper.snapshot, sleeper.thread.tid);
    wakers.outside = unknown_waker(sleeper, end, held);
    return wakers;
}

std::string held_by(const PipeEnd& end, const PipeWakers& wakers) {
    const std::string_view other = end.for_reading ? "write" : "read";
    if (wakers.holders.empty()) return fmt::format("whose {} end nobody that is looked at holds", other);
    return fmt::format("whose {} end {} {} open", other, enumerate(wakers.holders),
                       wakers.holders.size() == 1 ? "holds" : "hold");
}

std::string name_of(const DescriptorSnapshot& descriptor) {
    return fmt::format("{} (fd {})", descriptor.target, descriptor.fd);
}

}  // namespace rehang::wait_rules
