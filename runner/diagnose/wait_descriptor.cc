// Waits at descriptors: what the thread is interested in (interests.h), and what would end that (channels.h).
#include <fmt/format.h>
#include <sys/syscall.h>

#include <algorithm>

#include "diagnose/channels.h"
#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"

namespace rehang::wait_rules {
namespace {

using channels::Ending;
using channels::Place;

std::string_view verb_of(const ThreadSnapshot& thread, bool output) {
    switch (thread.syscall) {
        case SYS_poll:
        case SYS_ppoll:
            return "polls";
        case SYS_select:
        case SYS_pselect6:
            return "selects";
        case SYS_epoll_wait:
        case SYS_epoll_pwait:
        case SYS_epoll_pwait2:
            return "waits by epoll for";
        case SYS_accept:
        case SYS_accept4:
            return "accepts connections at";
        case SYS_connect:
            return "connects";
        default:
            return output ? "writes to" : "reads from";
    }
}

// Puts one wait together from several things, each of which would end it.
class Gathering {
  public:
    Gathering(const Sleeper& sleeper, const Interests& interests) : sleeper_(sleeper), interests_(interests) {
        for (const Interest& interest : interests.at) add(interest);
        if (interests.unclear) give_up(*interests.unclear);
    }

    void add_wakers(const std::vector<pid_t>& threads) { channels::add_threads(wait_.wakers, threads); }

    Wait result() {
        wait_.kind = kind();
        wait_.by_itself = wait_.by_itself || interests_.timed;
        wait_.sentence = clauses_.empty() ? fmt::format("{} no descriptors", verb_of(sleeper_.thread, false))
                                          : enumerate(clauses_, "; and ");
        if (interests_.timed) wait_.sentence += ", with a time-out";
        std::ranges::sort(wait_.wakers);
        const auto repeated = std::ranges::unique(wait_.wakers);
        wait_.wakers.erase(repeated.begin(), repeated.end());
        return std::move(wait_);
    }

  private:
    void add(const Interest& interest) {
        const DescriptorSnapshot* const descriptor = find_descriptor(sleeper_.process, interest.fd);
        if (!descriptor)
            return give_up(fmt::format("it waits at fd {}, which is not open any more", interest.fd));
        for (const bool output : {false, true}) {
            // Both ends of a pipe tell whoever polls that the other side is gone.
            const bool pipe_end = interests_.polled && descriptor->kind == FileKind::pipe;
            const bool wanted = pipe_end ? (output ? descriptor->writable : descriptor->readable)
                                         : (output ? interest.output : interest.input);
            if (wanted)
                add({.sleeper = sleeper_,
                     .descriptor = *descriptor,
                     .output = output,
                     .polled = interests_.polled,
                     .changes_only = interest.changes_only});
        }
    }

    void add(const Place& place) {
        Ending ending = channels::at(place);
        add_clause(place, ending.clause);
        add_wakers(ending.wakers);
        kinds_.push_back(ending.kind);
        wait_.by_itself = wait_.by_itself || ending.by_itself;
        if (ending.by_outside) give_up(std::move(*ending.by_outside));
        if (wait_.fd >= 0) return;
        wait_.fd = place.descriptor.fd;
        if (place.descriptor.kind == FileKind::pipe) wait_.pipe_inode = place.descriptor.inode;
        if (place.descriptor.kind == FileKind::socket) wait_.socket_inode = place.descriptor.inode;
    }

    // "polls" stands before the first one only; the two directions of one descriptor mostly read the same.
    void add_clause(const Place& place, const std::string& ending) {
        std::string clause = name_of(place.descriptor);
        if (!ending.empty()) clause += ", " + ending;
        if (!place.polled || clauses_.empty())
            clause = fmt::format("{} {}", verb_of(sleeper_.thread, place.output), clause);
        else if (clauses_.back().ends_with(clause))
            return;
        clauses_.push_back(std::move(clause));
    }

    void give_up(std::string reason) {
        if (!wait_.by_outside) wait_.by_outside = std::move(reason);
    }

    WaitKind kind() const {
        return interests_.polled || kinds_.size() > 1 ? WaitKind::poll
               : kinds_.empty()                       ? WaitKind::unknown
                                                      : kinds_.front();
    }

    const Sleeper& sleeper_;
    const Interests& interests_;
    std::vector<std::string> clauses_;
    std::vector<WaitKind> kinds_;
    Wait wait_;
};

bool is_epoll(const ThreadSnapshot& thread) {
    return thread.syscall == SYS_epoll_wait || thread.syscall == SYS_epoll_pwait ||
           thread.syscall == SYS_epoll_pwait2;
}

// A rule that knows nothing of the descriptor says so in the words for a call that is not understood.
bool is_followed(const Sleeper& sleeper, const Interests& interests) {
    if (interests.polled) return true;
    return !interests.at.empty() && std::ranges::all_of(interests.at, [&](const Interest& interest) {
        const DescriptorSnapshot* const descriptor = find_descriptor(sleeper.process, interest.fd);
        return descriptor && descriptor->kind != FileKind::other && descriptor->kind != FileKind::epoll &&
               descriptor->kind != FileKind::pidfd &&
               (descriptor->kind != FileKind::pipe ||
                (interest.output ? descriptor->writable : descriptor->readable));
    });
}

}  // namespace

Wait at_descriptors(const Sleeper& sleeper, const Interests& interests) {
    // Waiting for no descriptor at all is a way to wait for a signal.
    const bool nothing =
        interests.polled && interests.at.empty() && !interests.unclear && !is_epoll(sleeper.thread);
    if (nothing) return interests.timed ? for_time(sleeper) : for_signal(sleeper);
    if (!is_followed(sleeper, interests)) return not_understood(sleeper);
    Gathering gathering(sleeper, interests);
    // Another thread may add a descriptor that is ready; a child may do so through an inherited epoll
    // descriptor.
    if (is_epoll(sleeper.thread)) gathering.add_wakers(channels::holders_of_any(sleeper, FileKind::epoll));
    return gathering.result();
}

Wait for_partner_at_fifo(const Sleeper& sleeper) {
    if (!sleeper.thread.opens) return not_understood(sleeper);
    const DescriptorSnapshot& fifo = *sleeper.thread.opens;
    Wait wait;
    wait.kind = WaitKind::fifo_open;
    wait.sentence = fmt::format("opens the FIFO {} for {}, until somebody opens it for {}", fifo.target,
                                fifo.readable ? "reading" : "writing", fifo.readable ? "writing" : "reading");
    wait.wakers = living_threads(sleeper.snapshot, sleeper.thread.tid);
    if (!is_private(sleeper.snapshot, fifo.target))
        wait.by_outside = fmt::format("anybody may open the FIFO {}", fifo.target);
    return wait;
}

std::string name_of(const DescriptorSnapshot& descriptor) {
    return fmt::format("{} (fd {})", descriptor.target, descriptor.fd);
}

}  // namespace rehang::wait_rules

namespace rehang::channels {

Ending at(const Place& place) {
    switch (place.descriptor.kind) {
        case FileKind::pipe:
            return at_pipe(place);
        case FileKind::socket:
            return place.sleeper.thread.syscall == SYS_connect ? connecting(place) : at_socket(place);
        case FileKind::eventfd:
            return at_eventfd(place);
        case FileKind::timerfd:
            return at_timerfd(place);
        case FileKind::signalfd:
            return at_signalfd(place);
        case FileKind::pidfd:
            return at_pidfd(place);
        case FileKind::inotify:
            return at_inotify(place);
        case FileKind::message_queue:
            return at_message_queue(place);
        case FileKind::epoll:
        case FileKind::other:
            break;
    }
    Ending ending;
    ending.by_outside = fmt::format("it waits at {}, which this version does not follow",
                                    wait_rules::name_of(place.descriptor));
    return ending;
}

}  // namespace rehang::channels
