#include <fmt/format.h>

#include "diagnose/channels.h"
#include "diagnose/snapshot_view.h"

namespace rehang::channels {
namespace {

bool same_pipe(const DescriptorSnapshot& one, const DescriptorSnapshot& other) {
    return one.kind == FileKind::pipe && other.kind == FileKind::pipe && one.inode == other.inode &&
           one.device == other.device;
}

// A FIFO has a name: whoever can open that may become its other end.
bool has_a_name(const DescriptorSnapshot& descriptor) {
    return descriptor.device != 0;
}

}  // namespace

Ending at_pipe(const Place& place) {
    const DescriptorSnapshot& descriptor = place.descriptor;
    const std::string name = wait_rules::name_of(descriptor);
    const auto is_other_end = [&](const DescriptorSnapshot& other) {
        // A level that is reached already is announced once more when another one at this end has taken some
        // of it.
        const bool same_side = place.changes_only && (place.output ? other.writable : other.readable);
        return same_pipe(other, descriptor) &&
               ((place.output ? other.readable : other.writable) || same_side);
    };
    Holders holders = holders_of(place.sleeper, is_other_end, "the other end of " + name);
    Ending ending;
    ending.kind = place.output ? WaitKind::pipe_write : WaitKind::pipe_read;
    ending.clause = fmt::format("whose {} end {}", place.output ? "read" : "write", hold_open(holders.names));
    ending.wakers = std::move(holders.threads);
    ending.by_outside = std::move(holders.by_outside);
    if (!has_a_name(descriptor)) return ending;
    ending.wakers = living_threads(place.sleeper.snapshot, place.sleeper.thread.tid);
    if (!ending.by_outside && !wait_rules::is_private(place.sleeper.snapshot, descriptor.target))
        ending.by_outside = fmt::format("anybody may open the FIFO {}", descriptor.target);
    return ending;
}

}  // namespace rehang::channels
