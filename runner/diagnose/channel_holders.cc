#include <fmt/format.h>

#include <algorithm>

#include "diagnose/channels.h"
#include "diagnose/snapshot_view.h"

namespace rehang::channels {
namespace {

// A descriptor that was sent through a socket and not yet received belongs to no process, but may be the end
// in question.
std::optional<std::string> descriptors_in_flight(const Snapshot& snapshot, const std::string& what) {
    for (const ProcessSnapshot& process : snapshot.processes)
        for (const DescriptorSnapshot& descriptor : process.descriptors)
            if (descriptor.scm_fds > 0)
                return fmt::format("{} descriptors are on their way through {} (fd {} of {}); one may be {}",
                                   descriptor.scm_fds, descriptor.target, descriptor.fd, label(process),
                                   what);
    return std::nullopt;
}

std::optional<std::string> unreadable_process(const Snapshot& snapshot, const std::string& what) {
    for (const ProcessSnapshot& process : snapshot.processes)
        if (process.unreadable)
            return fmt::format("the descriptors of {} can't be read; it may hold {}", label(process), what);
    return std::nullopt;
}

}  // namespace

Holders holders_of(const Sleeper& sleeper, const IsEnd& is_end, const std::string& what) {
    Holders holders;
    bool held = false;
    for (const ProcessSnapshot& process : sleeper.snapshot.processes) {
        const auto holding = std::ranges::find_if(process.descriptors, is_end);
        if (holding == process.descriptors.end()) continue;
        held = true;
        holders.names.push_back(fmt::format("{} (fd {})", label(process), holding->fd));
        add_threads(holders.threads, living_threads(process, sleeper.thread.tid));
    }
    if (std::ranges::any_of(sleeper.snapshot.held_outside, is_end))
        holders.by_outside =
            fmt::format("{} is held outside of the processes that are looked at, by the runner", what);
    else if (!held)
        holders.by_outside = fmt::format("none of the processes that are looked at holds {}", what);
    else if (auto in_flight = descriptors_in_flight(sleeper.snapshot, what))
        holders.by_outside = std::move(in_flight);
    else
        holders.by_outside = unreadable_process(sleeper.snapshot, what);
    return holders;
}

std::vector<pid_t> holders_of_any(const Sleeper& sleeper, FileKind kind) {
    std::vector<pid_t> threads;
    for (const ProcessSnapshot& process : sleeper.snapshot.processes)
        if (std::ranges::find(process.descriptors, kind, &DescriptorSnapshot::kind) !=
            process.descriptors.end())
            add_threads(threads, living_threads(process, sleeper.thread.tid));
    return threads;
}

void add_threads(std::vector<pid_t>& threads, const std::vector<pid_t>& more) {
    threads.insert(threads.end(), more.begin(), more.end());
}

std::string hold_open(const std::vector<std::string>& names) {
    if (names.empty()) return "nobody that is looked at holds";
    return fmt::format("{} {} open", enumerate(names), names.size() == 1 ? "holds" : "hold");
}

}  // namespace rehang::channels
