#include "supervise/director.h"

#include <algorithm>
#include <ranges>

namespace rehang {

using Phase = HoldState::Phase;

Director::Director(const Plan& plan) : plan_(&plan), points_(plan.points.size()), holds_(plan.holds.size()) {}

bool Director::may_pass(size_t point, const ProcessPath& process, unsigned thread_nth) const {
    const PlannedPoint& planned = plan_->points[point];
    if (points_[point].reached || !planned.process.names(process)) return false;
    return planned.thread.kind == ThreadSelector::Kind::name || planned.thread.matches({}, thread_nth);
}

// Of a fork's two sides, the parent's threads pass points that are named by the child.
ProcessPath passed_in(const PlannedPoint& point) {
    ProcessPath process = point.process;
    const auto* returns = std::get_if<ReturnsFromFork>(&point.event);
    const auto* goes_on = std::get_if<GoesOnAfterFork>(&point.event);
    if ((returns && returns->side == ForkSide::parent) || (goes_on && goes_on->side == ForkSide::parent))
        process.forks.pop_back();
    return process;
}

Director::Step Director::pass(size_t point, pid_t tid, unsigned thread_nth, std::string_view thread_name,
                              Instant now) {
    const PlannedPoint& planned = plan_->points[point];
    PointState& state = points_[point];
    Step step;
    if (state.reached || !planned.thread.matches(thread_name, thread_nth)) return step;
    if (++state.passes != planned.nth) return step;
    state.reached = now;
    state.process = passed_in(planned);
    state.thread_nth = thread_nth;

    for (size_t i = 0; i < holds_.size(); ++i) {
        const PlannedHold& hold = plan_->holds[i];
        if (hold.until == point) {
            const bool was_active = holds_[i].phase == Phase::active;
            if (was_active) holds_[i].phase = Phase::done;
            if (was_active && !stays(holds_[i].tid)) step.released.push_back(holds_[i].tid);
        }
        if (hold.at == point && holds_[i].phase == Phase::idle) {
            const bool already = points_[hold.until].reached.has_value();
            holds_[i] = {.phase = already ? Phase::done : Phase::active, .tid = tid, .since = now};
        }
    }
    step.stay = stays(tid);
    return step;
}

std::optional<pid_t> Director::end(size_t hold, Phase how) {
    HoldState& state = holds_[hold];
    if (state.phase != Phase::active) return std::nullopt;
    state.phase = how;
    return stays(state.tid) ? std::nullopt : std::optional(state.tid);
}

std::optional<pid_t> Director::expire(size_t hold) {
    return end(hold, Phase::expired);
}

std::optional<pid_t> Director::let_go_as_impossible(size_t hold) {
    return end(hold, Phase::impossible);
}

void Director::gone(pid_t tid) {
    for (HoldState& hold : holds_)
        if (hold.phase == Phase::active && hold.tid == tid) hold.phase = Phase::lost;
}

bool Director::stays(pid_t tid) const {
    return std::ranges::any_of(holds_,
                               [&](const HoldState& h) { return h.phase == Phase::active && h.tid == tid; });
}

std::vector<size_t> Director::active() const {
    std::vector<size_t> active;
    for (size_t i = 0; i < holds_.size(); ++i)
        if (holds_[i].phase == Phase::active) active.push_back(i);
    return active;
}

std::vector<size_t> Director::active_but_dispensable() const {
    std::vector<size_t> dispensable = active();
    std::erase_if(dispensable,
                  [&](size_t i) { return plan_->holds[i].if_impossible != IfImpossible::go_on; });
    return dispensable;
}

std::vector<size_t> Director::overdue(Instant now) const {
    std::vector<size_t> overdue = active();
    std::erase_if(overdue, [&](size_t i) { return holds_[i].since + plan_->holds[i].limit > now; });
    return overdue;
}

std::optional<Instant> Director::next_limit() const {
    std::optional<Instant> next;
    for (const size_t i : active()) {
        const Instant limit = holds_[i].since + plan_->holds[i].limit;
        if (!next || limit < *next) next = limit;
    }
    return next;
}

bool Director::complete(size_t hold) const {
    if (holds_[hold].phase == Phase::done || holds_[hold].phase == Phase::impossible) return true;
    // Nobody has to come to where a fault fires that may never fire.
    const auto* fires = std::get_if<FaultFires>(&plan_->points[plan_->holds[hold].at].event);
    return holds_[hold].phase == Phase::idle && fires && plan_->syscall_faults[fires->fault].optional;
}

bool Director::order_complete() const {
    return std::ranges::all_of(std::views::iota(size_t{0}, holds_.size()),
                               [this](size_t hold) { return complete(hold); });
}

std::optional<std::string> Director::held_at(pid_t tid) const {
    for (size_t i = 0; i < holds_.size(); ++i)
        if (holds_[i].phase == Phase::active && holds_[i].tid == tid)
            return plan_->points[plan_->holds[i].at].name;
    return std::nullopt;
}

std::optional<Instant> Director::last_reached() const {
    std::optional<Instant> last;
    for (const PointState& point : points_)
        if (point.reached && (!last || *point.reached > *last)) last = point.reached;
    return last;
}

}  // namespace rehang
