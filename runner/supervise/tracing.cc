#include "supervise/tracing.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <ranges>
#include <utility>

#include "base/names.h"
#include "supervise/filter.h"
#include "supervise/identity.h"

namespace rehang {
namespace {

Instant now() {
    return std::chrono::steady_clock::now();
}

constexpr int syscall_stop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

}  // namespace

Tracing::Tracing(const Plan& plan, elf::Files& files, OnFork on_fork, OnListener on_listener,
                 IfTracerEnds then)
    : plan_(&plan),
      files_(&files),
      on_fork_(std::move(on_fork)),
      on_listener_(std::move(on_listener)),
      then_(then),
      director_(plan),
      injector_(plan),
      fakes_(plan),
      stops_at_ioctl_(stops_at(plan, SYS_ioctl)),
      stubbed_(plan.function_faults.size()) {}

Expected<void> Tracing::add_root(const std::string& name, pid_t pid) {
    if (auto seized = seize(pid, then_); !seized) return seized;
    tree_.add_root(name, pid).inner_pid = identity_of(pid).inner_tid;
    return {};
}

void Tracing::handle(pid_t tid, int status) {
    if (is_interruption(status) && has_untold_trap(tid)) {  // first things first
        resume(tid, Resume::run, 0);
        return;
    }
    if (is_own_stop(tid, status)) return rearmed(tid);
    ++events_;
    if (WIFEXITED(status) || WIFSIGNALED(status)) return ended(tid, status);
    if (!WIFSTOPPED(status)) return;
    if (tree_.process_of(tid)) return stopped(tid, status);
    stopped_early(tid, status);
}

void Tracing::stopped(pid_t tid, int status) {
    const int signal = WSTOPSIG(status);
    stopped_by_signal_.erase(tid);
    rearmed(tid);  // it will be, before it goes on
    switch (status >> 16) {
        case PTRACE_EVENT_FORK:
        case PTRACE_EVENT_VFORK:
        case PTRACE_EVENT_CLONE:
            if (const auto child = event_message(tid)) return made(tid, static_cast<pid_t>(*child));
            return go_on(tid, {});
        case PTRACE_EVENT_EXEC:
            return executed(tid);
        case PTRACE_EVENT_EXIT:
            return exiting(tid);
        case PTRACE_EVENT_SECCOMP:
            return entered_syscall(tid);
        case PTRACE_EVENT_STOP:
            if (is_stop_signal(signal)) {
                stopped_by_signal_.insert(tid);
                note(EventKind::stopped, tid, signal_name(signal));
                return go_on(tid, {.how = Resume::stay_stopped});
            }
            return met(tid);
        default:
            break;
    }
    if (signal == syscall_stop) return between_calls_after_fork(tid) ? go_on(tid, {}) : left_syscall(tid);
    if (signal == SIGTRAP) return trapped(tid);
    signalled(tid, signal);
}

// A signal is about to be delivered: on its way the thread can be kept like anywhere else.
void Tracing::signalled(pid_t tid, int signal) {
    begin_asked_call_again(tid);
    if (!is_stop_signal(signal)) waits_in_.erase(tid);  // after those the wait goes on
    note(EventKind::signal, tid, signal_name(signal));
    auto points = open_points_where<ReceivesSignal>(
        tid, [&](const ReceivesSignal& event) { return event.number == signal; });
    stay_or_go_on(tid, points, {.signal = signal});
}

// Keeps the thread if a hold at one of the points it passes here says so.
void Tracing::stay_or_go_on(pid_t tid, const std::vector<size_t>& points, Pending how) {
    if (pass(points, tid))
        kept_[tid] = how;
    else
        go_on(tid, how);
}

bool Tracing::pass(const std::vector<size_t>& points, pid_t tid) {
    if (points.empty()) return false;
    const unsigned nth = tree_.thread(tid)->nth;
    const std::string name = thread_name(tid);
    for (const size_t point : points) pass(point, tid, nth, name);
    const auto held_at = director_.held_at(tid);
    if (held_at) note(EventKind::held, tid, *held_at);
    return held_at.has_value();
}

void Tracing::pass(size_t point, pid_t tid, unsigned nth, std::string_view name) {
    const bool before = director_.points()[point].reached.has_value();
    const Director::Step step = director_.pass(point, tid, nth, name, now());
    const std::string& called = plan_->points[point].name;
    if (!before && director_.points()[point].reached) note(EventKind::point, tid, called);
    for (const pid_t released : step.released) {
        note(EventKind::released, released, called, {}, tid);
        let_go(released);
    }
}

void Tracing::printed(size_t point) {
    constexpr pid_t nobody = 0;  // who wrote it is not known
    pass(point, nobody, 0, {});
}

void Tracing::expire(size_t hold) {
    give_up(hold, director_.expire(hold));
}

void Tracing::let_go_as_impossible(size_t hold) {
    give_up(hold, director_.let_go_as_impossible(hold));
}

void Tracing::give_up(size_t hold, std::optional<pid_t> released) {
    if (!released) return;
    note(EventKind::released, *released, plan_->points[plan_->holds[hold].until].name, "given up");
    let_go(*released);
}

void Tracing::let_all_die() {
    for (const auto& [tid, how] : kept_) resume(tid, Resume::run, 0);
}

// No hold keeps the thread any more.
void Tracing::let_go(pid_t tid) {
    stays_at_birth_.erase(tid);  // it has not even stopped for the first time
    if (const auto kept = kept_.extract(tid)) go_on(tid, kept.mapped());
}

void Tracing::go_on(pid_t tid, Pending how) {
    if (const Duration delay = std::exchange(how.delay, Duration(0)); delay > Duration(0)) {
        kept_[tid] = how;
        due_[tid] = now() + delay;
        return;
    }
    guest_calls_.erase(tid);
    arm(tid);
    if (how.how == Resume::run && after_fork_.contains(tid)) how.how = Resume::to_system_call;
    resume(tid, how.how, how.signal);
}

std::optional<Instant> Tracing::next_due() const {
    if (due_.empty()) return std::nullopt;
    return std::ranges::min(due_ | std::views::values);
}

void Tracing::let_due_go(Instant now) {
    std::vector<pid_t> ready;
    for (const auto& [tid, due] : due_)
        if (due <= now) ready.push_back(tid);
    for (const pid_t tid : ready) {
        due_.erase(tid);
        let_go(tid);
    }
}

EventPlace Tracing::place(pid_t tid) {
    const TrackedProcess* const process = tree_.process_of(tid);
    const TrackedThread* const thread = tree_.thread(tid);
    return {.process = process ? process->path.text() : std::string(), .nth = thread ? thread->nth : 0};
}

void Tracing::note(EventKind kind, pid_t tid, std::string name, std::string text, pid_t by) {
    if (log_.counts_only(kind)) return;
    log_.add({.kind = kind,
              .at = now(),
              .until = {},
              .who = place(tid),
              .name = std::move(name),
              .text = std::move(text),
              .by = by == 0 ? EventPlace{} : place(by)});
}

bool Tracing::all_roots_ended() const {
    return std::ranges::all_of(tree_.processes(),
                               [](const TrackedProcess& p) { return p.parent || p.ended(); });
}

std::optional<user_regs_struct> Tracing::held_registers(pid_t tid) const {
    return kept_.contains(tid) ? registers(tid) : std::nullopt;
}

}  // namespace rehang
