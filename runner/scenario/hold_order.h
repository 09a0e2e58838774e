// What is certain about the order of points before anything runs. Pure.
//
// The rules, for a thread that is known exactly (main or nth:N of one process; a process is born and exits
// with its main thread):
//  - whatever happens in a process or below it comes after the process's birth;
//  - whatever happens in a thread comes after the thread's birth and before its exit;
//  - the n-th time of an event in a thread comes after every earlier time of that event in it.
// Nothing is claimed about threads that "any", "!main" or "name:" select, nor about who could fork. And one
// assumption: a thread that is held is not killed, which would let it exit without going on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenario/process_path.h"
#include "scenario/scenario.h"

namespace rehang {

struct OrderedPoint {
    enum class Kind { born, exits, other };

    ProcessPath process;
    ThreadSelector thread;
    Kind kind = Kind::other;
    std::string event;  // equal for the same event: "enter libc.so.6!fork"
    std::int64_t nth = 1;
};

// Nothing where the point can't be understood, or not yet: it has references to parameters.
std::optional<OrderedPoint> ordered(const PointDecl& point);

// If a thread is held at `held`, `point` can only be reached after it goes on, or not at all.
bool only_after_release(const OrderedPoint& held, const OrderedPoint& point);
// When `second` is reached, `first` has been reached before, or never will be.
bool never_later(const OrderedPoint& first, const OrderedPoint& second);

// A hold whose thread is kept at one point until another is reached.
struct OrderedHold {
    OrderedPoint at;
    OrderedPoint until;
};
// Circles of holds, each hold waiting for the next to end and the last for the first: indices, the smallest
// first. Each hold is in at most one.
std::vector<std::vector<size_t>> find_circles(const std::vector<OrderedHold>& holds);

}  // namespace rehang
