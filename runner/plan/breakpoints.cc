#include "plan/breakpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rehang {
namespace {

using Points = std::vector<const PlannedPoint*>;

Points symbol_points_of(const ProcessPath& process, const std::vector<PlannedPoint>& points) {
    Points found;
    for (const PlannedPoint& point : points)
        if (point.process == process && std::holds_alternative<EntersSymbol>(point.event))
            found.push_back(&point);
    return found;
}

Points that_concern(const std::string& thread_name, unsigned thread_nth, const Points& points) {
    Points found;
    for (const PlannedPoint* point : points)
        if (point->thread.matches(thread_name, thread_nth)) found.push_back(point);
    return found;
}

// The points of the thread that most of them can concern. Threads differ, as far as selectors can tell, by
// the numbers and names that the selectors mention; one that none of them mentions stands for all others.
Points points_of_busiest_thread(const Points& points) {
    std::set<unsigned> numbers = {1};
    std::set<std::string> names = {""};
    for (const PlannedPoint* point : points) {
        if (point->thread.kind == ThreadSelector::Kind::nth) numbers.insert(point->thread.nth);
        if (point->thread.kind == ThreadSelector::Kind::name) names.insert(point->thread.name);
    }
    unsigned unmentioned = 2;
    while (numbers.contains(unmentioned)) ++unmentioned;
    numbers.insert(unmentioned);
    Points busiest;
    for (const unsigned number : numbers) {
        for (const std::string& name : names) {
            Points concerned = that_concern(name, number, points);
            if (concerned.size() > busiest.size()) busiest = std::move(concerned);
        }
    }
    return busiest;
}

// One line for each kind of event, so that a new one has to say it.
bool needs_breakpoint(const EntersSymbol&) {
    return true;
}
bool needs_breakpoint(const EntersSyscall&) {
    return false;
}
bool needs_breakpoint(const LeavesSyscall&) {
    return false;
}
bool needs_breakpoint(const IsBorn&) {
    return false;
}
bool needs_breakpoint(const Exits&) {
    return false;
}
bool needs_breakpoint(const Execs&) {
    return false;
}
bool needs_breakpoint(const ReceivesSignal&) {
    return false;
}
bool needs_breakpoint(const MakesFile&) {
    return false;
}

}  // namespace

bool needs_breakpoints(const Plan& plan) {
    return !plan.function_faults.empty() || std::ranges::any_of(plan.points, [](const PlannedPoint& point) {
        return std::visit([](const auto& event) { return needs_breakpoint(event); }, point.event);
    });
}

void check_breakpoints(const std::vector<PlannedPoint>& points, Problems& problems) {
    std::set<std::string> seen;
    for (const PlannedPoint& point : points) {
        if (!seen.insert(point.process.text()).second) continue;
        const Points busiest = points_of_busiest_thread(symbol_points_of(point.process, points));
        if (busiest.size() <= breakpoints_for_points) continue;
        problems.error(
            busiest[breakpoints_for_points]->at,
            fmt::format(
                "{} points at functions can concern one thread of {}, and a thread can be watched for {}",
                busiest.size(), point.process.text(), breakpoints_for_points),
            "a processor has four breakpoints for each thread, and one watches for libraries being loaded: "
            "give points "
            "narrower threads (\"main\", \"nth:2\"), or use system calls");
    }
}

}  // namespace rehang
