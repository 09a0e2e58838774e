#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <map>

#include "diagnose/asked_memory.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"

namespace rehang::wait_rules {
namespace {

// Puts one wait together from several descriptors, each of which would end it.
class Gathering {
  public:
    Gathering(const Sleeper& sleeper, std::string verb) : sleeper_(sleeper), verb_(std::move(verb)) {
        wait_.kind = WaitKind::poll;
    }

    void add(int fd) {
        const DescriptorSnapshot* const descriptor = find_descriptor(sleeper_.process, fd);
        if (!descriptor) return give_up(fmt::format("it polls fd {}, which is not open any more", fd));
        if (!descriptor->pipe)
            return give_up(
                fmt::format("it polls {}, which this version does not follow", name_of(*descriptor)));
        // The end of one side is always reported, whatever events were asked for.
        if (descriptor->readable) add({.descriptor = *descriptor, .for_reading = true});
        if (descriptor->writable) add({.descriptor = *descriptor, .for_reading = false});
    }

    void add_wakers(const std::vector<pid_t>& threads) {
        wait_.wakers.insert(wait_.wakers.end(), threads.begin(), threads.end());
    }

    void give_up(std::string reason) {
        if (!wait_.by_outside) wait_.by_outside = std::move(reason);
    }

    Wait result(bool has_timeout) {
        wait_.by_itself = has_timeout;
        wait_.sentence = ends_.empty() ? verb_ + " no descriptors"
                                       : fmt::format("{} {}", verb_, enumerate(ends_, "; and "));
        if (has_timeout) wait_.sentence += ", with a time-out";
        std::ranges::sort(wait_.wakers);
        const auto repeated = std::ranges::unique(wait_.wakers);
        wait_.wakers.erase(repeated.begin(), repeated.end());
        return std::move(wait_);
    }

  private:
    void add(const PipeEnd& end) {
        PipeWakers wakers = wakers_of(sleeper_, end);
        ends_.push_back(fmt::format("{}, {}", name_of(end.descriptor), held_by(end, wakers)));
        add_wakers(wakers.threads);
        if (wakers.outside) give_up(std::move(*wakers.outside));
        if (wait_.fd >= 0) return;
        wait_.fd = end.descriptor.fd;
        wait_.pipe_inode = end.descriptor.inode;
    }

    const Sleeper& sleeper_;
    std::string verb_;
    std::vector<std::string> ends_;
    Wait wait_;
};

// A time-out in milliseconds, -1 for none, as an int argument: the upper half of the register may hold
// anything.
bool is_milliseconds(std::uint64_t argument) {
    return static_cast<int>(argument) >= 0;
}

std::vector<unsigned char> bytes_at(const Sleeper& sleeper, std::uint64_t address, size_t size) {
    const auto found = sleeper.snapshot.memory.find({sleeper.process.pid, address});
    if (found == sleeper.snapshot.memory.end() || found->second.size() < size) return {};
    return found->second;
}

// Waiting for no descriptor at all is a way to wait for a signal.
Wait no_descriptors(const Sleeper& sleeper, bool has_timeout) {
    return has_timeout ? for_time(sleeper) : for_signal(sleeper);
}

// Another thread may add a descriptor that is ready; a child may do so through an inherited epoll descriptor.
std::vector<pid_t> others_that_can_change_it(const Sleeper& sleeper) {
    std::vector<pid_t> others;
    const auto is_epoll = [](const auto& descriptor) {
        return descriptor.target == "anon_inode:[eventpoll]";
    };
    for (const ProcessSnapshot& process : sleeper.snapshot.processes)
        if (std::ranges::any_of(process.descriptors, is_epoll))
            std::ranges::copy(living_threads(process, sleeper.thread.tid), std::back_inserter(others));
    return others;
}

// The number is the one under which it was added: it may mean another file now.
bool is_still_the_same(const ProcessSnapshot& process, const WatchedDescriptor& watched) {
    const DescriptorSnapshot* const descriptor = find_descriptor(process, watched.fd);
    return descriptor && (!descriptor->pipe || descriptor->inode == watched.inode);
}

}  // namespace

Wait polling(const Sleeper& sleeper) {
    const auto& args = sleeper.thread.args;
    const bool has_timeout = sleeper.thread.syscall == SYS_poll ? is_milliseconds(args[2]) : args[2] != 0;
    const auto count = static_cast<size_t>(args[1]);
    if (count == 0) return no_descriptors(sleeper, has_timeout);
    Gathering gathering(sleeper, "polls");
    const auto bytes = count <= most_polled ? bytes_at(sleeper, args[0], count * sizeof(pollfd))
                                            : std::vector<unsigned char>();
    if (bytes.empty()) gathering.give_up("the descriptors that it polls can't be read");
    for (size_t i = 0; !bytes.empty() && i < count; ++i) {
        int fd = -1;  // struct pollfd begins with it; negative ones are passed over
        std::copy_n(bytes.data() + i * sizeof(pollfd), sizeof fd, reinterpret_cast<unsigned char*>(&fd));
        if (fd >= 0) gathering.add(fd);
    }
    return gathering.result(has_timeout);
}

Wait selecting(const Sleeper& sleeper) {
    const auto& args = sleeper.thread.args;
    const bool has_timeout = args[4] != 0;
    const auto count = static_cast<size_t>(static_cast<unsigned>(args[0]));
    if (count == 0) return no_descriptors(sleeper, has_timeout);
    Gathering gathering(sleeper, "selects");
    std::vector<bool> chosen(count);
    for (size_t set = 1; set <= 3; ++set) {
        if (args[set] == 0) continue;
        const auto bytes = bytes_at(sleeper, args[set], fd_set_bytes(count));
        if (bytes.empty()) {
            gathering.give_up("the descriptors that it selects can't be read");
            break;
        }
        for (size_t fd = 0; fd < count; ++fd)
            if (bytes[fd / 8] >> (fd % 8) & 1U) chosen[fd] = true;
    }
    for (size_t fd = 0; fd < count; ++fd)
        if (chosen[fd]) gathering.add(static_cast<int>(fd));
    return gathering.result(has_timeout);
}

Wait epolling(const Sleeper& sleeper) {
    const auto& args = sleeper.thread.args;
    const bool has_timeout =
        sleeper.thread.syscall == SYS_epoll_pwait2 ? args[3] != 0 : is_milliseconds(args[3]);
    const DescriptorSnapshot* const epoll = find_descriptor(sleeper.process, static_cast<int>(args[0]));
    if (!epoll) return not_understood(sleeper);
    Gathering gathering(sleeper, "waits by epoll for");
    for (const WatchedDescriptor& watched : epoll->watched) {
        if (is_still_the_same(sleeper.process, watched))
            gathering.add(watched.fd);
        else
            gathering.give_up(
                fmt::format("it watches a file by epoll that was its fd {}, and is no longer", watched.fd));
    }
    gathering.add_wakers(others_that_can_change_it(sleeper));
    return gathering.result(has_timeout);
}

}  // namespace rehang::wait_rules
