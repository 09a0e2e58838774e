// The part of Tracing about system calls that the filter stops at.
#include "supervise/tracing.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "supervise/appearing_files.h"
#include "supervise/system_call.h"

namespace rehang {

namespace {

bool can_create(const SystemCall& made) {
    return std::ranges::any_of(creating_calls(),
                               [&](const CreatingCall& call) { return made.meets(call.number, call.where); });
}

}  // namespace

void Tracing::entered_syscall(pid_t tid) {
    const auto entered = system_call_of(tid);
    if (!entered) return;
    if (!tree_.process_of(tid)->started) return launching(tid, *entered);
    waits_in_.erase(tid);
    if (heard_of_guest(tid, *entered)) return;
    const auto ask = fakes_.any() ? fake_ask_of(tid, *entered) : std::nullopt;
    const SystemCall& call = ask ? ask->call : *entered;
    note(EventKind::syscall, tid, call.name());
    const auto leaving = open_points_where<LeavesSyscall>(
        tid, [&](const LeavesSyscall& event) { return call.meets(event.number, event.where); });
    const auto entering = open_points_where<EntersSyscall>(
        tid, [&](const EntersSyscall& event) { return call.meets(event.number, event.where); });
    // Points first: a fault may be in force from one of them on.
    const bool stays = pass(entering, tid);
    Fate fate = fault(tid, call);
    if (fate.answer)
        answer_call(tid, ask ? ask->give(*fate.answer) : *fate.answer);
    else if (!fate.not_made && fakes_.any())
        stop_at_fake(tid, call, ask, fate);
    if (!fate.not_made) watch_call(tid, *tree_.process_of(tid), call);
    const bool creates = !fate.not_made && can_create(call) && note_files(tid);
    const bool to_exit = creates || fate.to_exit || !leaving.empty();
    if ((fate.not_made || ask) && to_exit) after_call_[tid].not_made = call;
    const Pending how{.how = to_exit ? Resume::to_system_call : Resume::run, .delay = fate.delay};
    if (stays || fate.stays)
        kept_[tid] = how;
    else
        go_on(tid, how);
}

void Tracing::left_syscall(pid_t tid) {
    const auto left = system_call_of(tid);
    if (!left) return;
    AfterCall after_call;
    if (const auto found = after_call_.extract(tid)) after_call = found.mapped();
    const SystemCall& call = after_call.not_made ? *after_call.not_made : *left;
    if (after_call.restore)
        change_argument(tid, call.convention, after_call.restore->first, after_call.restore->second);
    if (after_call.writes && left->answer >= 0) write_out(*after_call.writes, call, tid);
    note(EventKind::syscall, tid, call.name(), fmt::format("returns {}", left->answer.value_or(0)));
    auto points = open_points_where<LeavesSyscall>(
        tid, [&](const LeavesSyscall& event) { return call.meets(event.number, event.where); });
    if (const auto after = after_fork_.find(tid); after != after_fork_.end() && after->second.in_call)
        std::ranges::copy(gone_on_after_fork(tid), std::back_inserter(points));
    if (!after_call.not_made && can_create(call))
        std::ranges::copy(appeared_files(tid), std::back_inserter(points));
    stay_or_go_on(tid, points, {.delay = after_call.delay});
}

// Before a call that can make files: which of the awaited ones are there. False if none is awaited of the
// thread.
bool Tracing::note_files(pid_t tid) {
    const auto points = open_points_where<MakesFile>(tid, [](const MakesFile&) { return true; });
    for (const size_t point : points)
        file_there_[point] = exists_for(tid, std::get<MakesFile>(plan_->points[point].event).path);
    return !points.empty();
}

// After it: points whose file is there now and was not before. Of two threads that make it at once, the first
// to come here counts.
std::vector<size_t> Tracing::appeared_files(pid_t tid) {
    auto points = open_points_where<MakesFile>(
        tid, [&](const MakesFile& event) { return exists_for(tid, event.path); });
    std::erase_if(points, [&](size_t point) { return std::exchange(file_there_[point], true); });
    return points;
}

}  // namespace rehang
