// What happened when, for people.
#pragma once

#include <string>

#include "report/text.h"

namespace rehang {

// The section "Timeline": milliseconds, thread, what happened; one line an event. Empty without events.
std::string timeline_section(const RunReport& report, const TextStyle& style);

// "main", "thread 2"; "" for a process as a whole.
std::string thread_text(const PlaceReport& place);
// "reaches rcu_in_lock", "is born of probe/1 main", "stdout: starting": what the event says of its thread.
std::string event_text(const EventReport& event);
// Without what would disturb a terminal: control characters as in C.
std::string escaped(std::string_view text);

}  // namespace rehang
