// The part of Tracing about lives: threads and processes are born, execute a program, and end.
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <iterator>

#include "base/names.h"
#include "supervise/identity.h"
#include "supervise/privileges.h"
#include "supervise/tracing.h"

namespace rehang {
namespace {

constexpr int dying = 0;  // in early_

std::string end_text(int status) {
    return WIFSIGNALED(status) ? fmt::format("by {}", signal_name(WTERMSIG(status)))
                               : fmt::format("with {}", WEXITSTATUS(status));
}

}  // namespace

// The stop of a new thread can be reported before the event of the thread that made it. One that is killed
// before anybody knew it goes on to its end: others wait for that.
void Tracing::stopped_early(pid_t tid, int status) {
    const bool exits = status >> 16 == PTRACE_EVENT_EXIT;
    early_[tid] = exits ? dying : status;
    if (exits) resume(tid, Resume::run, 0);
}

// A thread of `parent_tid` made `tid`: a thread of its process, or a process. The maker is stopped.
const TrackedProcess& Tracing::born(pid_t parent_tid, pid_t tid) {
    TrackedProcess& parent = *tree_.process_of(parent_tid);
    const Identity identity = identity_of(tid);
    const bool is_thread = identity.process == parent.pid;
    if (is_thread) {
        tree_.add_thread(parent, tid);
    } else {
        const auto image = images_.find(parent.pid);
        if (image != images_.end()) images_[tid] = image->second;
        if (const auto hooks = hooks_.find(parent.pid); hooks != hooks_.end()) hooks_[tid] = hooks->second;
        TrackedProcess& child = tree_.add_child(parent, tid);
        child.inner_pid = identity.inner_tid;
        if (on_fork_) on_fork_(parent, parent_tid, child);
    }
    note(EventKind::born, tid, is_thread ? "thread" : "process", {}, parent_tid);
    over_process_limit_ |= tree_.live_threads() > plan_->sandbox.pids;
    const TrackedProcess& process = *tree_.process_of(tid);
    auto points = director_.open_points<IsBorn>(process.now(), tree_.thread(tid)->nth);
    if (!is_thread) {
        follow_after_fork(tid, process.path, ForkSide::child);
        std::ranges::copy(
            open_points_where<ReturnsFromFork>(
                tid, [](const ReturnsFromFork& event) { return event.side == ForkSide::child; }),
            std::back_inserter(points));
    }
    // Reached while the maker is stopped: whoever waits for this birth goes on before the maker can do
    // anything else.
    if (pass(points, tid)) stays_at_birth_.insert(tid);
    if (const auto early = early_.extract(tid); early && early.mapped() != dying) handle(tid, early.mapped());
    return process;
}

void Tracing::made(pid_t maker, pid_t tid) {
    const TrackedProcess& process = born(maker, tid);
    if (process.pid == tid)
        forked(maker, process);
    else
        go_on(maker, {});
}

// A thread is seen stopped for the first time, or was asked to stop for new breakpoints.
void Tracing::met(pid_t tid) {
    if (kept_.contains(tid)) return;
    if (over_process_limit_ && !armed_.contains(tid))
        return;  // the run ends now; a fork bomb must not grow meanwhile
    if (stays_at_birth_.erase(tid) != 0)
        kept_[tid] = {};
    else
        go_on(tid, {});
}

// By any thread of the process: only this one is left, and is the main thread now. `tid` is the process's
// pid.
void Tracing::executed(pid_t tid) {
    TrackedProcess& process = *tree_.process_of(tid);
    const bool first = !process.started;
    for (const TrackedThread& thread : process.threads) {
        forget(thread.tid);
        if (thread.tid == tid) continue;
        after_fork_.erase(thread.tid);
        rearmed(thread.tid);
    }
    const Program program = program_of(tid);
    tree_.execute(process, program.file);
    const bool is_32_bit = runs_32_bit_program(process.pid);
    Image& image = images_[process.pid] =
        is_32_bit ? Image{} : begin_image(process.pid, process.now(), *plan_, *files_);
    if (first) note(EventKind::born, tid, "process");
    note(EventKind::exec, tid, program.called);
    hooks_.erase(process.pid);
    stub(image, process, tid);
    if (const auto refused = refused_privileges(process.pid))
        note_once("privileges " + process.program,
                  fmt::format("{} executes {}, which {}: in the sandbox it runs without that privilege",
                              process.path.text(), process.program, *refused));
    if (is_32_bit)
        note_once("32-bit " + process.program,
                  fmt::format("{} executes {}, a 32-bit program: points in its functions are not reached, "
                              "functions of it are not replaced, and what it waits for is not understood",
                              process.path.text(), process.program));
    // A [[process]] is born with its first program: what ran before was the sandbox's launcher.
    if (first) return stay_or_go_on(tid, director_.open_points<IsBorn>(process.now(), 1), {});
    stay_or_go_on(
        tid,
        open_points_where<Execs>(tid, [&](const Execs& event) { return program.matches(event.program); }),
        {});
}

// The thread exists no more, or no more as what it was: debug registers do not survive an execve.
void Tracing::forget(pid_t tid) {
    armed_.erase(tid);
    open_calls_.erase(tid);
    waits_for_rearmed_.erase(tid);
    kept_.erase(tid);
    due_.erase(tid);
    after_call_.erase(tid);
    waits_in_.erase(tid);
    guest_calls_.erase(tid);
    pauses_.erase(tid);
    stopped_by_signal_.erase(tid);
    stays_at_birth_.erase(tid);
    director_.gone(tid);
}

// A thread that is killed between making a child and telling of it tells of its end only. The child is still
// its child then.
void Tracing::meet_untold_children(pid_t tid) {
    for (const pid_t child : children_of(tid)) {
        const bool told = tree_.process_of(child) || (tree_.had(child) && !early_.contains(child));
        if (!told) born(tid, child);
    }
}

void Tracing::exiting(pid_t tid) {
    meet_untold_children(tid);
    waits_for_rearmed_.erase(tid);
    if (kept_.erase(tid) != 0) director_.gone(tid);  // killed at its point
    due_.erase(tid);
    after_call_.erase(tid);
    auto points = open_points_where<Exits>(tid, [](const Exits&) { return true; });
    std::ranges::copy(gone_on_after_fork(tid), std::back_inserter(points));
    stay_or_go_on(tid, points, {});
}

void Tracing::ended(pid_t tid, int status) {
    TrackedProcess* process = tree_.process_of(tid);
    if (!process) {
        if (const auto early = early_.find(tid); early != early_.end()) early->second = status;
        return;
    }
    note(EventKind::ended, tid, process->pid == tid ? "process" : "thread",
         process->pid == tid ? end_text(status) : std::string());
    forget(tid);
    after_fork_.erase(tid);
    rearmed(tid);
    if (process->pid != tid) return tree_.end_thread(tid);
    images_.erase(tid);
    hooks_.erase(tid);
    alarms_.erase(tid);
    processor_timers_.erase(tid);
    tree_.end_process(*process, status);  // the leader's end is reported last (ptrace(2))
}

}  // namespace rehang
