#include "scenario/hold_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace rehang {
namespace {

using Kind = OrderedPoint::Kind;

// The thread's number in its process, where the selector allows only one.
std::optional<unsigned> thread_number(const OrderedPoint& point) {
    if (point.thread.kind == ThreadSelector::Kind::main) return 1;
    if (point.thread.kind == ThreadSelector::Kind::nth) return point.thread.nth;
    return std::nullopt;
}

bool is_process_birth(const OrderedPoint& point) {
    return point.kind == Kind::born && thread_number(point) == 1U;
}

bool same_thread(const OrderedPoint& a, const OrderedPoint& b) {
    return a.process == b.process && thread_number(a) && thread_number(a) == thread_number(b);
}

bool earlier_time_of_same_event(const OrderedPoint& a, const OrderedPoint& b) {
    return same_thread(a, b) && a.event == b.event && a.nth < b.nth;
}

// `birth` is the birth of the process or thread that `point` is in.
bool born_before(const OrderedPoint& birth, const OrderedPoint& point) {
    if (is_process_birth(birth))
        return point.process.within(birth.process) &&
               !(is_process_birth(point) && point.process.same_process(birth.process));
    return birth.kind == Kind::born && point.kind != Kind::born && same_thread(birth, point);
}

// The shortest way from `start` along `next` back to it, without the `used` ones; empty if there is none.
std::vector<size_t> shortest_circle(size_t start, const std::vector<std::vector<size_t>>& next,
                                    const std::vector<bool>& used) {
    std::vector<std::optional<size_t>> came_from(next.size());
    std::deque<size_t> open = {start};
    while (!open.empty()) {
        const size_t here = open.front();
        open.pop_front();
        for (const size_t neighbour : next[here]) {
            if (neighbour == start) {
                std::vector<size_t> circle = {here};
                while (circle.back() != start) circle.push_back(*came_from[circle.back()]);
                std::ranges::reverse(circle);
                return circle;
            }
            if (used[neighbour] || came_from[neighbour]) continue;
            came_from[neighbour] = here;
            open.push_back(neighbour);
        }
    }
    return {};
}

}  // namespace

std::optional<OrderedPoint> ordered(const PointDecl& point) {
    const auto process = ProcessPath::parse(point.process.value);
    const bool whole_process = !point.thread && concerns_process(point);
    const auto thread = ThreadSelector::parse(point.thread    ? point.thread->value
                                              : whole_process ? "main"
                                                              : "any");
    if (!process || !thread) return std::nullopt;
    OrderedPoint result{.process = *process, .thread = *thread, .event = {}, .nth = point.nth.value};
    if (point.fork && point.fork->value == ForkSide::parent) return std::nullopt;  // in another process
    if (point.born || point.fork)
        result.kind = Kind::born;
    else if (point.exits)
        result.kind = Kind::exits;
    else if (point.enter)
        result.event = "enter " + point.enter->value;
    else if (point.leave)
        result.event = "leave " + point.leave->value;
    else if (point.execs)
        result.event = "execs " + point.execs->value;
    else if (point.signal)
        result.event = "signal " + point.signal->value;
    else if (point.fault)
        result.event = "fault " + point.fault->value;
    else if (point.file)
        result.event = "file " + point.file->value;
    else
        return std::nullopt;
    for (const auto& [name, value] : point.where)
        result.event += fmt::format(" {}={}", name.value, value.value);
    return result;
}

bool only_after_release(const OrderedPoint& held, const OrderedPoint& point) {
    const bool thread_still_there =
        same_thread(held, point) && point.kind == Kind::exits && held.kind != Kind::exits;
    return born_before(held, point) || thread_still_there || earlier_time_of_same_event(held, point);
}

bool never_later(const OrderedPoint& first, const OrderedPoint& second) {
    const bool thread_at_its_end =
        same_thread(first, second) && second.kind == Kind::exits && first.kind != Kind::exits;
    return born_before(first, second) || thread_at_its_end || earlier_time_of_same_event(first, second);
}

std::vector<std::vector<size_t>> find_circles(const std::vector<OrderedHold>& holds) {
    std::vector<std::vector<size_t>> waits_for(holds.size());
    for (size_t a = 0; a < holds.size(); ++a)
        for (size_t b = 0; b < holds.size(); ++b)
            if (only_after_release(holds[b].at, holds[a].until)) waits_for[a].push_back(b);
    std::vector<std::vector<size_t>> circles;
    std::vector<bool> used(holds.size());
    for (size_t start = 0; start < holds.size(); ++start) {
        if (used[start]) continue;
        auto circle = shortest_circle(start, waits_for, used);
        for (const size_t hold : circle) used[hold] = true;
        if (!circle.empty()) circles.push_back(std::move(circle));
    }
    return circles;
}

}  // namespace rehang
