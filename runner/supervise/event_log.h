// What happened to the targets, as plain data, in the order in which the runner saw it. Pure.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "scenario/event_kind.h"

namespace rehang {

// A thread by its place: "probe/1" and its birth number there. nth 0: the process as a whole; an empty
// process: nobody.
struct EventPlace {
    std::string process;
    unsigned nth = 0;
    bool operator==(const EventPlace&) const = default;
};

struct Event {
    EventKind kind{};
    std::chrono::steady_clock::time_point at;
    std::chrono::steady_clock::time_point until;  // of several equal looks the last; otherwise as `at`
    EventPlace who;
    std::string name;  // of the point, fault, system call, signal, program, or stream
    std::string text;  // what else there is to tell
    EventPlace by;     // born: who made it; released: who reached the point that was awaited
};

// Keeps a limited number of each kind, so that a target which writes or forks without end costs no memory,
// and does not push out what is rare.
class EventLog {
  public:
    explicit EventLog(size_t most_of_a_kind = 2000) : most_(most_of_a_kind) {}

    // `event.until` is set here. Looks with nothing else between them are one event.
    void add(Event event);
    // Of this kind no more are kept, only counted: the event itself need not be made.
    bool counts_only(EventKind kind);

    const std::vector<Event>& events() const { return events_; }
    // How many were not kept.
    const std::map<EventKind, size_t>& cut() const { return cut_; }

  private:
    size_t most_;
    std::vector<Event> events_;
    std::map<EventKind, size_t> count_, cut_;
};

}  // namespace rehang
