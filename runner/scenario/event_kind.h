// The kinds of what happens during a run, for its timeline and its trace, and their spelling.
#pragma once

#include <optional>
#include <string_view>

namespace rehang {

enum class EventKind {
    born,      // a process or thread exists, and has not run yet
    exec,      // a process executes a program
    point,     // a thread reached a point of the scenario
    held,      // a thread stays at a point
    released,  // it goes on
    fault,     // a fault was put in place
    fake,      // the model of a fake has answered a call
    syscall,   // a thread was stopped at a system call: one that a point names, or one that arms a timer
    output,    // something written arrived at the runner
    signal,    // a signal is delivered
    stopped,   // a signal stopped the thread
    ended,     // a thread or process exists no more (or is a zombie)
    look,      // the runner looked who waits for whom
    verdict,
};

std::string_view to_text(EventKind kind);
std::optional<EventKind> parse_event_kind(std::string_view text);

}  // namespace rehang
