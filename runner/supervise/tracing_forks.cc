// The part of Tracing about who of parent and child comes first after a fork: follows a thread from the fork
// to the end of its first system call.
#include <fmt/format.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/files.h"
#include "supervise/identity.h"
#include "supervise/system_call.h"
#include "supervise/tracing.h"

namespace rehang {
namespace {

// What C libraries call to complete a fork, in the child or in the parent, before fork() returns.
bool completes_a_fork(int call) {
    constexpr std::array<int, 6> calls = {SYS_set_robust_list, SYS_rseq,   SYS_rt_sigprocmask,
                                          SYS_set_tid_address, SYS_gettid, SYS_getpid};
    return std::ranges::find(calls, call) != calls.end();
}

}  // namespace

// The forking thread is stopped in its fork; the child's threads have been told of it.
void Tracing::forked(pid_t tid, const TrackedProcess& child) {
    follow_after_fork(tid, child.path, ForkSide::parent);
    std::vector<size_t> points = director_.open_points<ReturnsFromFork>(child.path, tree_.thread(tid)->nth);
    std::erase_if(points, [&](size_t point) {
        return std::get<ReturnsFromFork>(plan_->points[point].event).side != ForkSide::parent;
    });
    stay_or_go_on(tid, points, {});
}

// If a point waits for what this side does next.
void Tracing::follow_after_fork(pid_t tid, const ProcessPath& child, ForkSide side) {
    const auto points = director_.open_points<GoesOnAfterFork>(child, tree_.thread(tid)->nth);
    if (std::ranges::any_of(points, [&](size_t point) {
            return std::get<GoesOnAfterFork>(plan_->points[point].event).side == side;
        }))
        after_fork_[tid] = {.child = child, .side = side, .slept = {}};
}

// A thread that is followed stands where nothing else can be passed: at the entry of a call, or in the child
// at the end of the fork. False at the end of a call, and for all others.
bool Tracing::between_calls_after_fork(pid_t tid) {
    const auto found = after_fork_.find(tid);
    if (found == after_fork_.end()) return false;
    if (const auto call = system_call_of(tid); call && !call->answer) {
        found->second.in_call = !completes_a_fork(call->number);
        return true;
    }
    // The exit of the fork itself, which the child did not enter.
    const bool fork_itself = !std::exchange(found->second.left_fork, true);
    return fork_itself && found->second.side == ForkSide::child;
}

// The thread has made its call, sleeps in it, or ends.
std::vector<size_t> Tracing::gone_on_after_fork(pid_t tid) {
    const auto after = after_fork_.extract(tid);
    if (!after) return {};
    const AfterFork& fork = after.mapped();
    auto points = director_.open_points<GoesOnAfterFork>(fork.child, tree_.thread(tid)->nth);
    std::erase_if(points, [&](size_t point) {
        return std::get<GoesOnAfterFork>(plan_->points[point].event).side != fork.side;
    });
    return points;
}

void Tracing::look() {
    std::vector<pid_t> asleep;
    for (auto& [tid, fork] : after_fork_) {
        if (!fork.in_call || kept_.contains(tid)) continue;
        const char state = thread_state(tid);
        std::string times;
        if (state == 'S' || state == 'D') times = read_file_or_empty(fmt::format("/proc/{}/schedstat", tid));
        if (!times.empty() && times == fork.slept) asleep.push_back(tid);
        fork.slept = std::move(times);
    }
    for (const pid_t tid : asleep) pass(gone_on_after_fork(tid), tid);
}

}  // namespace rehang
