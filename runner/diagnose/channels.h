// What would end a wait at one descriptor, and who can bring it about: one rule a kind of channel, that is,
// of object in the kernel that has ends which descriptors lead to. Pure; internal to diagnose/.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/interests.h"
#include "diagnose/snapshot.h"
#include "diagnose/wait.h"
#include "diagnose/wait_rules.h"

namespace rehang::channels {

using wait_rules::Sleeper;

// The thread waits at this descriptor.
struct Place {
    const Sleeper& sleeper;
    const DescriptorSnapshot& descriptor;
    bool output = false;        // waits for room; otherwise for something to come, or for the end
    bool polled = false;        // asks by poll, select or epoll
    bool changes_only = false;  // EPOLLET
};

struct Ending {
    WaitKind kind = WaitKind::unknown;
    std::string clause;  // goes behind the descriptor's name: "whose write end b (fd 3) holds open"
    std::vector<pid_t> wakers;
    bool by_itself = false;
    std::optional<std::string> by_outside;
};

Ending at(const Place& place);

// channel_pipe.cc
Ending at_pipe(const Place& place);
// channel_socket.cc
Ending at_socket(const Place& place);
Ending connecting(const Place& place);  // connect(fd, sockaddr*, length)
// Who has the same socket may shut it down, or connect it to another one.
void add_own_holders(Ending& ending, const Place& place);
// channel_netlink.cc
void at_netlink(Ending& ending, const Place& place, const SocketSnapshot& socket);
// channel_event.cc
Ending at_eventfd(const Place& place);
Ending at_timerfd(const Place& place);
Ending at_signalfd(const Place& place);
Ending at_pidfd(const Place& place);
Ending at_inotify(const Place& place);
Ending at_message_queue(const Place& place);

// channel_holders.cc: who has a descriptor of a channel, or may have one.
struct Holders {
    std::vector<pid_t> threads;             // of all holding processes, without the one that waits
    std::vector<std::string> names;         // "probe/1 (fd 3)"
    std::optional<std::string> by_outside;  // who else may hold one: never nothing where nobody in sight does
};
using IsEnd = std::function<bool(const DescriptorSnapshot&)>;
// `what` in sentences: "the other end of pipe:[7] (fd 3)".
Holders holders_of(const Sleeper& sleeper, const IsEnd& is_end, const std::string& what);
// Threads of processes that hold a descriptor of that kind, whichever object it leads to.
std::vector<pid_t> holders_of_any(const Sleeper& sleeper, FileKind kind);
void add_threads(std::vector<pid_t>& threads, const std::vector<pid_t>& more);
// "b (fd 3) holds open", "b (fd 3) and c (fd 3) hold open".
std::string hold_open(const std::vector<std::string>& names);

}  // namespace rehang::channels
