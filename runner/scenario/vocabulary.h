// The words that scenarios, verdicts and reports share, and their spelling.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rehang {

enum class Outcome {
    exited,       // every [[process]] ended by exit
    signaled,     // a [[process]] was ended by a signal
    hung,         // proven: what a [[process]] waits for can't come any more
    timeout,      // the last resort: neither an end nor a proof in time
    unmet,        // the order that the holds ask for was not reached
    unsupported,  // can't run on this host
    running,      // of a tree that was there already: not proven to hang. No scenario can expect it
};

enum class Cause {
    inherited_lock,  // a lock was taken over by fork, its owner was not
    lock_cycle,      // threads wait for each other's locks in a circle
    held_pipe,       // a reader waits for the end of a pipe that a stuck or waiting process keeps open
    lost_thread,     // waits for a thread that fork did not copy
    lost_wakeup,     // waits for a wake-up that nobody is left to give
    spin,            // runs without ever getting on
    unknown,
};

// Who of the two that come out of a fork.
enum class ForkSide { parent, child };
// "parent-first", "child-first".
std::optional<ForkSide> parse_fork_order(std::string_view text);
std::vector<std::string> fork_order_texts();
std::string_view fork_order_text(ForkSide first);

// A hold whose `until` nobody can reach any more, which is proven: is the run over, or does the held thread
// go on?
enum class IfImpossible { unmet, go_on };
std::optional<IfImpossible> parse_if_impossible(std::string_view text);
std::vector<std::string> if_impossible_texts();

// What a thread waits for: the `kind` of `waits_for` in reports and the value of `waits` in
// [[expect.thread]].
enum class WaitKind {
    running,        // does not wait
    pipe_read,      // for bytes in a pipe or FIFO, or for its end
    pipe_write,     // for room in a pipe or FIFO
    fifo_open,      // for the other side of a FIFO to be opened
    socket_read,    // for something to be received, or for the end of the connection
    socket_write,   // for room to send
    accept,         // for a connection to a listening socket
    connect,        // for room in the queue of a listening socket
    eventfd,        // for the count of an eventfd
    futex,          // for a futex word: lock, join, condition
    child,          // in wait4 or waitid
    file_lock,      // flock, fcntl
    semaphore,      // of System V
    message_queue,  // for a message in a queue of POSIX or System V, or room for one
    poll,           // for one of several descriptors
    vfork,          // a parent, until its vfork child has executed or ended
    signal,         // pause, sigsuspend, sigwait
    timer,          // sleeps; goes on by itself
    held,           // at a point, by this runner
    stopped,        // by a signal or another tracer
    spin,           // goes round in a loop until somebody changes what it reads
    exited,         // ended (a zombie)
    unknown,        // in a system call that this version does not understand
};

// Waits that have a descriptor: all but the opening of a FIFO, which gives one.
bool is_at_descriptors(WaitKind kind);

// Spelling: inherited_lock is "inherited-lock".
std::string_view to_text(Outcome outcome);
std::string_view to_text(Cause cause);
std::string_view to_text(WaitKind kind);
std::optional<Outcome> parse_outcome(std::string_view text);  // of reports
std::optional<Outcome> parse_expected_outcome(std::string_view text);
std::optional<Cause> parse_cause(std::string_view text);
std::optional<WaitKind> parse_wait_kind(std::string_view text);
std::vector<std::string> expected_outcome_texts();
std::vector<std::string> cause_texts();
std::vector<std::string> wait_kind_texts();

}  // namespace rehang
