#include "supervise/event_log.h"

#include <utility>

namespace rehang {

void EventLog::add(Event event) {
    event.until = event.at;
    const bool looks_again = event.kind == EventKind::look && !events_.empty() &&
                             events_.back().kind == EventKind::look && events_.back().name == event.name;
    if (looks_again) {
        events_.back().until = event.at;
        return;
    }
    if (count_[event.kind] == most_) {
        ++cut_[event.kind];
        return;
    }
    ++count_[event.kind];
    events_.push_back(std::move(event));
}

bool EventLog::counts_only(EventKind kind) {
    if (count_[kind] < most_) return false;
    ++cut_[kind];
    return true;
}

}  // namespace rehang
