#include "diagnose/interests.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <map>

#include "diagnose/asked_memory.h"
#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

// Which arguments of a call that moves data are descriptors, and which one is a time-out; -1 for none.
struct Transfer {
    int input = -1, output = -1;
    int time_out = -1;
};

const std::map<long, Transfer>& transfers() {
    static const std::map<long, Transfer> table = {
        {SYS_read, {.input = 0}},
        {SYS_readv, {.input = 0}},
        {SYS_preadv2, {.input = 0}},
        {SYS_recvfrom, {.input = 0}},
        {SYS_recvmsg, {.input = 0}},
        {SYS_recvmmsg, {.input = 0, .time_out = 4}},
        {SYS_accept, {.input = 0}},
        {SYS_accept4, {.input = 0}},
        {SYS_write, {.output = 0}},
        {SYS_writev, {.output = 0}},
        {SYS_pwritev2, {.output = 0}},
        {SYS_sendto, {.output = 0}},
        {SYS_sendmsg, {.output = 0}},
        {SYS_sendmmsg, {.output = 0}},
        {SYS_connect, {.output = 0}},
        {SYS_mq_timedreceive, {.input = 0, .time_out = 4}},
        {SYS_tee, {.input = 0, .output = 1}},
        {SYS_mq_timedsend, {.output = 0, .time_out = 4}},
        {SYS_splice, {.input = 0, .output = 2}},
        {SYS_sendfile, {.input = 1, .output = 0}},
    };
    return table;
}

// Data of regular files is on its way from a disk, if anywhere: nobody has to do anything for it.
bool waits_at(const ProcessSnapshot& process, int fd) {
    const DescriptorSnapshot* const descriptor = find_descriptor(process, fd);
    return !descriptor || !descriptor->regular;
}

Interests transferring(const ProcessSnapshot& process, const ThreadSnapshot& thread,
                       const Transfer& transfer) {
    const auto argument = [&](int index) { return thread.args.at(static_cast<size_t>(index)); };
    Interests interests;
    const bool two_sides = transfer.input >= 0 && transfer.output >= 0;
    if (transfer.input >= 0)
        if (const int fd = static_cast<int>(argument(transfer.input)); !two_sides || waits_at(process, fd))
            interests.at.push_back({.fd = fd, .input = true});
    if (transfer.output >= 0)
        if (const int fd = static_cast<int>(argument(transfer.output)); !two_sides || waits_at(process, fd))
            interests.at.push_back({.fd = fd, .output = true});
    interests.timed = transfer.time_out >= 0 && argument(transfer.time_out) != 0;
    return interests;
}

// vmsplice(2) moves in the direction that its pipe end has.
Interests vmsplicing(const ProcessSnapshot& process, const ThreadSnapshot& thread) {
    const int fd = static_cast<int>(thread.args[0]);
    const DescriptorSnapshot* const descriptor = find_descriptor(process, fd);
    const bool writes = descriptor && descriptor->writable;
    Interests interests;
    interests.at = {{.fd = fd, .input = !writes, .output = writes}};
    return interests;
}

// A time-out in milliseconds, -1 for none, as an int argument: the upper half of the register may hold
// anything.
bool is_milliseconds(std::uint64_t argument) {
    return static_cast<int>(argument) >= 0;
}

std::vector<unsigned char> bytes_at(const Snapshot& snapshot, pid_t pid, std::uint64_t address, size_t size) {
    const auto found = snapshot.memory.find({pid, address});
    if (found == snapshot.memory.end() || found->second.size() < size) return {};
    return found->second;
}

Interests polling(const Snapshot& snapshot, const ProcessSnapshot& process, const ThreadSnapshot& thread) {
    const auto& args = thread.args;
    Interests interests;
    interests.polled = true;
    interests.timed = thread.syscall == SYS_poll ? is_milliseconds(args[2]) : args[2] != 0;
    const auto count = static_cast<size_t>(args[1]);
    const auto bytes = count <= most_polled ? bytes_at(snapshot, process.pid, args[0], count * sizeof(pollfd))
                                            : std::vector<unsigned char>();
    if (count > 0 && bytes.empty()) interests.unclear = "the descriptors that it polls can't be read";
    for (size_t i = 0; !bytes.empty() && i < count; ++i) {
        pollfd asked = {};
        std::copy_n(bytes.data() + i * sizeof asked, sizeof asked, reinterpret_cast<unsigned char*>(&asked));
        if (asked.fd < 0) continue;  // passed over
        interests.at.push_back(
            {.fd = asked.fd, .input = true, .output = (asked.events & (POLLOUT | POLLWRNORM)) != 0});
    }
    return interests;
}

Interests selecting(const Snapshot& snapshot, const ProcessSnapshot& process, const ThreadSnapshot& thread) {
    const auto& args = thread.args;
    Interests interests;
    interests.polled = true;
    interests.timed = args[4] != 0;
    const auto count = static_cast<size_t>(static_cast<unsigned>(args[0]));
    std::map<int, Interest> chosen;
    constexpr size_t output_set = 2;
    for (size_t set = 1; set <= 3; ++set) {
        if (args[set] == 0 || count == 0) continue;
        const auto bytes = bytes_at(snapshot, process.pid, args[set], fd_set_bytes(count));
        if (bytes.empty()) {
            interests.unclear = "the descriptors that it selects can't be read";
            break;
        }
        for (size_t fd = 0; fd < count; ++fd) {
            if ((bytes[fd / 8] >> (fd % 8) & 1U) == 0) continue;
            Interest& interest = chosen[static_cast<int>(fd)];
            interest.fd = static_cast<int>(fd);
            interest.input = true;
            interest.output = interest.output || set == output_set;
        }
    }
    for (const auto& [fd, interest] : chosen) interests.at.push_back(interest);
    return interests;
}

// EPOLLONESHOT leaves nothing of the events once it has fired: it lasts until somebody arms it again.
bool is_disarmed(const WatchedDescriptor& watched) {
    return (watched.events &
            ~static_cast<std::uint32_t>(EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)) == 0;
}

// An epoll descriptor may watch other ones; the kernel allows five levels (fs/eventpoll.c).
void add_watched(Interests& interests, const ProcessSnapshot& process, const DescriptorSnapshot& epoll,
                 int levels) {
    for (const WatchedDescriptor& watched : epoll.watched) {
        if (is_disarmed(watched)) continue;
        const DescriptorSnapshot* const descriptor = find_descriptor(process, watched.fd);
        if (!descriptor || !watched.still_that) {
            interests.unclear =
                fmt::format("it watches a file by epoll that was its fd {}, and is no longer", watched.fd);
        } else if (descriptor->kind == FileKind::epoll && levels > 1) {
            add_watched(interests, process, *descriptor, levels - 1);
        } else {
            interests.at.push_back({.fd = watched.fd,
                                    .input = true,
                                    .output = (watched.events & EPOLLOUT) != 0,
                                    .changes_only = (watched.events & EPOLLET) != 0});
        }
    }
}

Interests epolling(const ProcessSnapshot& process, const ThreadSnapshot& thread) {
    constexpr int levels = 5;
    const auto& args = thread.args;
    Interests interests;
    interests.polled = true;
    interests.timed = thread.syscall == SYS_epoll_pwait2 ? args[3] != 0 : is_milliseconds(args[3]);
    const DescriptorSnapshot* const epoll = find_descriptor(process, static_cast<int>(args[0]));
    if (epoll && epoll->kind == FileKind::epoll)
        add_watched(interests, process, *epoll, levels);
    else
        interests.unclear = "its epoll descriptor is not open any more";
    return interests;
}

}  // namespace

std::optional<Interests> interests_of(const Snapshot& snapshot, const ProcessSnapshot& process,
                                      const ThreadSnapshot& thread) {
    if (!thread.in_syscall) return std::nullopt;
    if (const auto found = transfers().find(thread.syscall); found != transfers().end())
        return transferring(process, thread, found->second);
    switch (thread.syscall) {
        case SYS_vmsplice:
            return vmsplicing(process, thread);
        case SYS_poll:
        case SYS_ppoll:
            return polling(snapshot, process, thread);
        case SYS_select:
        case SYS_pselect6:
            return selecting(snapshot, process, thread);
        case SYS_epoll_wait:
        case SYS_epoll_pwait:
        case SYS_epoll_pwait2:
            return epolling(process, thread);
        default:
            return std::nullopt;
    }
}

}  // namespace rehang
