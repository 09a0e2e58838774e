// Descriptors of things that happen: eventfd(2), timerfd_create(2), signalfd(2), pidfd_open(2), inotify(7),
// mq_overview(7).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "diagnose/channels.h"
#include "diagnose/snapshot_view.h"

namespace rehang::channels {
namespace {

// The kernel itself adds to an eventfd on behalf of these: io_submit(2), kvm's irqfd, vhost, vfio … Devices
// and anonymous files that surely do not are known by name; any other may.
bool may_signal_eventfds(const DescriptorSnapshot& descriptor) {
    constexpr std::array<std::string_view, 8> harmless = {"/dev/null",   "/dev/zero", "/dev/full",
                                                          "/dev/random", "/dev/tty",  "/dev/urandom",
                                                          "/dev/pts/",   "/dev/shm/"};
    if (descriptor.kind != FileKind::other) return false;
    if (descriptor.target.starts_with("anon_inode:")) return true;
    return descriptor.target.starts_with("/dev/") &&
           std::ranges::none_of(harmless,
                                [&](std::string_view name) { return descriptor.target.starts_with(name); });
}

std::optional<std::string> signalled_by_the_kernel(const ProcessSnapshot& process) {
    for (const DescriptorSnapshot& descriptor : process.descriptors)
        if (may_signal_eventfds(descriptor))
            return fmt::format("{} has {}, which may signal it", label(process),
                               wait_rules::name_of(descriptor));
    const bool aio = std::ranges::any_of(
        process.mappings, [](const elf::Mapping& mapping) { return mapping.path.starts_with("/[aio]"); });
    if (aio) return fmt::format("{} uses asynchronous I/O (io_setup), which may signal it", label(process));
    return std::nullopt;
}

}  // namespace

Ending at_eventfd(const Place& place) {
    const DescriptorSnapshot& descriptor = place.descriptor;
    const auto is_it = [&](const DescriptorSnapshot& other) {
        return other.kind == FileKind::eventfd && other.inode == descriptor.inode;
    };
    Holders holders = holders_of(place.sleeper, is_it, wait_rules::name_of(descriptor));
    Ending ending;
    ending.kind = WaitKind::eventfd;
    ending.clause = fmt::format("which {}", hold_open(holders.names));
    ending.wakers = std::move(holders.threads);
    ending.by_outside = std::move(holders.by_outside);
    for (const ProcessSnapshot& process : place.sleeper.snapshot.processes)
        if (!ending.by_outside && std::ranges::any_of(process.descriptors, is_it))
            ending.by_outside = signalled_by_the_kernel(process);
    return ending;
}

// Which timer it is can't be told from outside: any descriptor of a timer may be one of this one, and arm it.
Ending at_timerfd(const Place& place) {
    Ending ending;
    ending.kind = WaitKind::timer;
    ending.by_itself = place.descriptor.armed;
    ending.clause = ending.by_itself ? "a timer that is running" : "a timer that nobody has armed";
    ending.wakers = holders_of_any(place.sleeper, FileKind::timerfd);
    return ending;
}

Ending at_signalfd(const Place& place) {
    Ending ending;
    ending.kind = WaitKind::signal;
    ending.clause = "for a signal";
    ending.wakers = living_threads(place.sleeper.snapshot, place.sleeper.thread.tid);
    if (place.sleeper.snapshot.world == World::machine) ending.by_outside = "anybody may send it a signal";
    return ending;
}

Ending at_pidfd(const Place& place) {
    const pid_t pid = place.descriptor.watched_pid;
    Ending ending;
    ending.kind = WaitKind::child;
    const ProcessSnapshot* const process = find_process(place.sleeper.snapshot, pid);
    if (pid < 0 || (process && process->zombie)) {
        ending.by_itself = true;
        ending.clause = "whose process has ended";
    } else if (process) {
        ending.wakers = living_threads(*process);
        ending.clause = fmt::format("until {} ends", label(*process));
    } else {
        ending.clause = fmt::format("until the process with pid {} ends", pid);
        ending.by_outside = fmt::format("it waits for the end of pid {}, which is not looked at", pid);
    }
    return ending;
}

Ending at_inotify(const Place& place) {
    Ending ending;
    ending.clause = place.descriptor.watches ? "which watches files" : "which watches nothing";
    ending.wakers = holders_of_any(place.sleeper, FileKind::inotify);
    if (place.descriptor.watches)
        ending.by_outside =
            fmt::format("anybody may touch the files that {} watches", wait_rules::name_of(place.descriptor));
    return ending;
}

bool has_own_ipc_namespace(const Sleeper& sleeper) {
    const std::uint64_t own = sleeper.process.ipc_namespace;
    return sleeper.snapshot.world == World::sandbox && own != 0 &&
           own != sleeper.snapshot.ipc_namespace_outside;
}

// A queue has a name, as long as it is not unlinked.
Ending at_message_queue(const Place& place) {
    const DescriptorSnapshot& descriptor = place.descriptor;
    const auto is_it = [&](const DescriptorSnapshot& other) {
        return other.kind == FileKind::message_queue && other.inode == descriptor.inode &&
               other.device == descriptor.device;
    };
    Holders holders =
        holders_of(place.sleeper, is_it, "the message queue " + wait_rules::name_of(descriptor));
    Ending ending;
    ending.kind = WaitKind::message_queue;
    ending.clause = fmt::format("a message queue that {}", hold_open(holders.names));
    ending.wakers = std::move(holders.threads);
    ending.by_outside = std::move(holders.by_outside);
    if (descriptor.target.ends_with(" (deleted)")) return ending;
    ending.wakers = living_threads(place.sleeper.snapshot, place.sleeper.thread.tid);
    if (!has_own_ipc_namespace(place.sleeper) && !ending.by_outside)
        ending.by_outside = fmt::format("anybody may open the message queue {}", descriptor.target);
    return ending;
}

}  // namespace rehang::channels
