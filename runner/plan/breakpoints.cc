#include "plan/breakpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace rehang {
namespace {

using Points = std::vector<const PlannedPoint*>;

// The place in the code that a thread has to be watched for; null for events of other kinds.
const CodePlace* place_of(const PlannedPoint& point) {
    if (const auto* enters = std::get_if<EntersSymbol>(&point.event)) return &enters->place;
    if (const auto* leaves = std::get_if<LeavesSymbol>(&point.event)) return &leaves->place;
    return nullptr;
}

Points symbol_points_of(const ProcessPath& process, const std::vector<PlannedPoint>& points) {
    Points found;
    for (const PlannedPoint& point : points)
        if (point.process.names(process) && place_of(point)) found.push_back(&point);
    return found;
}

// Registers that a thread needs for all of the points at once: one for each place, whichever points are
// there; and to leave a function, one more that watches where its return address is.
size_t registers_for(const Points& points) {
    std::set<CodePlace> places;
    std::set<CodePlace> left;
    for (const PlannedPoint* point : points) {
        places.insert(*place_of(*point));
        if (std::holds_alternative<LeavesSymbol>(point->event)) left.insert(*place_of(*point));
    }
    return places.size() + left.size();
}

std::string names_of(const Points& points) {
    std::string names;
    for (const PlannedPoint* point : points)
        names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", point->name);
    return names;
}

Points that_concern(const std::string& thread_name, unsigned thread_nth, const Points& points) {
    Points found;
    for (const PlannedPoint* point : points)
        if (point->thread.matches(thread_name, thread_nth)) found.push_back(point);
    return found;
}

// The points of the thread that needs the most registers for them. Threads differ, as far as selectors can
// tell, by the numbers and names that the selectors mention; one that none of them mentions stands for all
// others.
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
            if (registers_for(concerned) > registers_for(busiest)) busiest = std::move(concerned);
        }
    }
    return busiest;
}

// Where a fault waits for the program's main(), that is one more place for the main thread.
std::optional<PlannedPoint> point_at_entry(const ProcessPath& process, const Plan& plan) {
    for (const PlannedSyscallFault& fault : plan.syscall_faults) {
        const bool concerned =
            fault.below ? process.within(fault.process) : process.same_process(fault.process);
        if (!fault.window.after_entry || !concerned) continue;
        return PlannedPoint{.name = fmt::format("{} after main", fault.name),
                            .process = process,
                            .thread = {.kind = ThreadSelector::Kind::main, .name = {}},
                            .event = EntersSymbol{{.module = {}, .where = std::string("main")}},
                            .nth = 1,
                            .at = fault.at};
    }
    return std::nullopt;
}

// One line for each kind of event, so that a new one has to say it.
bool needs_breakpoint(const EntersSymbol&) {
    return true;
}
bool needs_breakpoint(const LeavesSymbol&) {
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
bool needs_breakpoint(const ReturnsFromFork&) {
    return false;
}
bool needs_breakpoint(const GoesOnAfterFork&) {
    return false;
}
bool needs_breakpoint(const Prints&) {
    return false;
}
bool needs_breakpoint(const FaultFires&) {
    return false;
}
bool needs_breakpoint(const EntersGuestFunction&) {
    return false;
}

}  // namespace

bool needs_breakpoints(const Plan& plan) {
    const bool at_entry = std::ranges::any_of(
        plan.syscall_faults, [](const PlannedSyscallFault& fault) { return fault.window.after_entry; });
    return at_entry || !plan.function_faults.empty() ||
           std::ranges::any_of(plan.points, [](const PlannedPoint& point) {
               return std::visit([](const auto& event) { return needs_breakpoint(event); }, point.event);
           });
}

void check_breakpoints(const Plan& plan, Problems& problems) {
    std::set<std::string> seen;
    for (const PlannedPoint& point : plan.points) {
        if (!seen.insert(point.process.text()).second) continue;
        auto places = symbol_points_of(point.process, plan.points);
        const auto entry = point_at_entry(point.process, plan);
        if (entry) places.push_back(&*entry);
        const Points busiest = points_of_busiest_thread(places);
        if (registers_for(busiest) <= breakpoints_for_points) continue;
        // The first one that is too many.
        Points fitting;
        for (const PlannedPoint* candidate : busiest) {
            fitting.push_back(candidate);
            if (registers_for(fitting) > breakpoints_for_points) break;
        }
        problems.error(
            fitting.back()->at,
            fmt::format(
                "one thread of {} can't be watched for all of {}: it takes {} breakpoints, and there are {}",
                point.process.text(), names_of(busiest), registers_for(busiest), breakpoints_for_points),
            "a processor has four for each thread, and one watches for libraries being loaded; a point that "
            "leaves "
            "a function takes two, points in one place share one: give points narrower threads (\"main\", "
            "\"nth:2\"), or use system calls");
    }
}

}  // namespace rehang
