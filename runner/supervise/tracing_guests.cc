// The part of Tracing about points in programs that qemu-user runs: the client inside tells of them
// (fakes/protocol.h).
#include <fmt/format.h>

#include <algorithm>

#include "supervise/tracing.h"

namespace rehang {
namespace {

// What a process of this [[process]] can come to: fork copies the hooks to all below it.
std::set<EntersGuestFunction> functions_below(const std::string& root, const Plan& plan) {
    std::set<EntersGuestFunction> functions;
    for (const PlannedPoint& point : plan.points)
        if (const auto* enters = std::get_if<EntersGuestFunction>(&point.event);
            enters && point.process.root == root)
            functions.insert(*enters);
    return functions;
}

}  // namespace

// The thread is stopped at a system call. True if it is a client's, and was taken care of.
bool Tracing::heard_of_guest(pid_t tid, const SystemCall& call) {
    const auto message = guest_message_of(tid, call);
    if (!message) return false;
    if (const auto* wanted = std::get_if<GuestHooksWanted>(&*message))
        hook_guest(tid, *wanted);
    else
        guest_enters(tid, std::get<GuestCall>(*message));
    return true;
}

void Tracing::hook_guest(pid_t tid, const GuestHooksWanted& wanted) {
    const TrackedProcess& process = *tree_.process_of(tid);
    const auto functions = functions_below(process.path.root, *plan_);
    HookedGuest hooked = hook_functions(tid, process.pid, wanted, functions, *files_);
    for (std::string& problem : hooked.problems) note_once(problem, problem);
    hooked_.insert(hooked.hooks.functions.begin(), hooked.hooks.functions.end());
    hooks_[process.pid] = std::move(hooked.hooks);
    go_on(tid, {});
}

void Tracing::guest_enters(pid_t tid, const GuestCall& call) {
    const auto hooks = hooks_.find(tree_.process_of(tid)->pid);
    const bool known = hooks != hooks_.end() && call.base == hooks->second.base &&
                       call.index < hooks->second.functions.size();
    if (!known) return go_on(tid, {});
    const EntersGuestFunction& function = hooks->second.functions[call.index];
    const auto points = open_points_where<EntersGuestFunction>(
        tid, [&](const EntersGuestFunction& event) { return event == function; });
    stay_or_go_on(tid, points, {});
    if (kept_.contains(tid)) guest_calls_[tid] = call;
}

const GuestCall* Tracing::held_guest_call(pid_t tid) const {
    const auto call = guest_calls_.find(tid);
    return call == guest_calls_.end() || !kept_.contains(tid) ? nullptr : &call->second;
}

std::vector<std::string> Tracing::guest_notes() const {
    std::vector<std::string> sentences;
    for (const PlannedProcess& process : plan_->processes)
        for (const EntersGuestFunction& function : functions_below(process.name, *plan_))
            if (!hooked_.contains(function))
                sentences.push_back(fmt::format(
                    "{} could not be seen: no program of {} has loaded the preload client (LD_PRELOAD in the "
                    "guest, ${{targets}}/fake_client-aarch64.so)",
                    function.text(), process.name));
    return sentences;
}

}  // namespace rehang
