#include "supervise/tracing.h"

#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <csignal>

#include "base/files.h"
#include "base/names.h"

namespace rehang {
namespace {

Instant now() {
    return std::chrono::steady_clock::now();
}

// What /proc/TID/status (proc(5)) tells of a new thread; zeros if it is gone.
struct Identity {
    pid_t process = 0;
    pid_t inner_tid = 0;  // in the innermost pid namespace
};

pid_t last_number(std::string_view line) {
    pid_t number = 0;
    const std::string_view digits = line.substr(line.find_last_not_of("0123456789") + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

Identity identity_of(pid_t tid) {
    const std::string status = read_file_or_empty(fmt::format("/proc/{}/status", tid));
    const auto line = [&](std::string_view key) {
        const size_t at = status.find(key);
        return at == std::string::npos
                   ? std::string_view()
                   : std::string_view(status).substr(at + 1, status.find('\n', at + 1) - at - 1);
    };
    return {.process = last_number(line("\nTgid:")), .inner_tid = last_number(line("\nNSpid:"))};
}

std::string thread_name(pid_t tid) {
    std::string name = read_file_or_empty(fmt::format("/proc/{}/comm", tid));
    if (name.ends_with('\n')) name.pop_back();
    return name;
}

bool is_stop_signal(int signal) {
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

constexpr int syscall_stop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

}  // namespace

Tracing::Tracing(const Plan& plan, elf::Files& files, OnFork on_fork)
    : plan_(&plan),
      files_(&files),
      on_fork_(std::move(on_fork)),
      director_(plan),
      stubbed_(plan.function_faults.size()) {}

Expected<void> Tracing::add_root(const std::string& name, pid_t pid) {
    if (auto seized = seize(pid); !seized) return seized;
    tree_.add_root(name, pid).inner_pid = identity_of(pid).inner_tid;
    return {};
}

void Tracing::handle(pid_t tid, int status) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) return ended(tid, status);
    if (!WIFSTOPPED(status)) return;
    if (tree_.process_of(tid)) return stopped(tid, status);
    early_[tid] =
        status;  // the stop of a new thread can be reported before the event of the thread that made it
}

void Tracing::stopped(pid_t tid, int status) {
    const int signal = WSTOPSIG(status);
    stopped_by_signal_.erase(tid);
    switch (status >> 16) {
        case PTRACE_EVENT_FORK:
        case PTRACE_EVENT_VFORK:
        case PTRACE_EVENT_CLONE:
            if (const auto child = event_message(tid)) born(tid, static_cast<pid_t>(*child));
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
                return go_on(tid, {.how = Resume::stay_stopped});
            }
            return met(tid);
        default:
            break;
    }
    if (signal == syscall_stop) return left_syscall(tid);
    if (signal == SIGTRAP) return trapped(tid);
    go_on(tid, {.signal = signal});
}

// A thread of `parent_tid` made `tid`: a thread of its process, or a process. The maker is stopped.
void Tracing::born(pid_t parent_tid, pid_t tid) {
    TrackedProcess& parent = *tree_.process_of(parent_tid);
    const Identity identity = identity_of(tid);
    if (identity.process == parent.pid) {
        tree_.add_thread(parent, tid);
    } else {
        const auto image = images_.find(parent.pid);
        if (image != images_.end()) images_[tid] = image->second;
        TrackedProcess& child = tree_.add_child(parent, tid);
        child.inner_pid = identity.inner_tid;
        if (on_fork_) on_fork_(parent, parent_tid, child);
    }
    over_process_limit_ |= tree_.live_threads() > plan_->sandbox.pids;
    // Reached while the maker is stopped: whoever waits for this birth goes on before the maker can do
    // anything else.
    if (pass(director_.open_points<IsBorn>(tree_.process_of(tid)->path, tree_.thread(tid)->nth), tid))
        stays_at_birth_.insert(tid);
    if (const auto early = early_.extract(tid)) stopped(tid, early.mapped());
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

void Tracing::executed(pid_t tid) {
    TrackedProcess& process = *tree_.process_of(tid);
    const bool first = !process.parent && !images_.contains(process.pid);
    for (const TrackedThread& thread : process.threads)
        armed_.erase(thread.tid);  // execve clears debug registers
    tree_.execute(process);
    Image& image = images_[process.pid] = begin_image(process.pid, process.path, *plan_, *files_);
    for (const size_t fault : stub_functions(image, tid, process.path, *plan_)) ++stubbed_[fault];
    // A [[process]] is born with its first program: what ran before was the sandbox's launcher.
    if (first && pass(director_.open_points<IsBorn>(process.path, 1), tid))
        kept_[tid] = {};
    else
        go_on(tid, {});
}

void Tracing::exiting(pid_t tid) {
    if (kept_.erase(tid) != 0) director_.gone(tid);  // killed at its point
    const TrackedProcess& process = *tree_.process_of(tid);
    if (pass(director_.open_points<Exits>(process.path, tree_.thread(tid)->nth), tid))
        kept_[tid] = {};
    else
        go_on(tid, {});
}

void Tracing::entered_syscall(pid_t tid) {
    const auto state = registers(tid);
    if (!state) return;
    const auto number = static_cast<int>(state->orig_rax);
    TrackedProcess& process = *tree_.process_of(tid);
    note_alarm(process.pid, *state);
    const unsigned nth = tree_.thread(tid)->nth;
    const auto about_other_call = [&](auto edge) {
        return [this, number](size_t point) {
            return std::get<decltype(edge)>(plan_->points[point].event).number != number;
        };
    };
    auto leaving = director_.open_points<LeavesSyscall>(process.path, nth);
    std::erase_if(leaving, about_other_call(LeavesSyscall{}));
    auto entering = director_.open_points<EntersSyscall>(process.path, nth);
    std::erase_if(entering, about_other_call(EntersSyscall{}));

    const Pending how = {.how = leaving.empty() ? Resume::run : Resume::to_system_call_exit};
    if (pass(entering, tid))
        kept_[tid] = how;
    else
        go_on(tid, how);
}

void Tracing::left_syscall(pid_t tid) {
    const auto state = registers(tid);
    if (!state) return;
    const TrackedProcess& process = *tree_.process_of(tid);
    auto leaving = director_.open_points<LeavesSyscall>(process.path, tree_.thread(tid)->nth);
    std::erase_if(leaving, [&](size_t point) {
        return std::get<LeavesSyscall>(plan_->points[point].event).number !=
               static_cast<int>(state->orig_rax);
    });
    if (pass(leaving, tid))
        kept_[tid] = {};
    else
        go_on(tid, {});
}

void Tracing::trapped(pid_t tid) {
    if (const auto address = breakpoint_hit(tid)) return at_breakpoint(tid, *address);
    go_on(tid, {.signal = SIGTRAP});  // the target's own
}

void Tracing::at_breakpoint(pid_t tid, std::uint64_t address) {
    TrackedProcess& process = *tree_.process_of(tid);
    const Image& image = images_[process.pid];
    if (address == image.loader_break) loader_notified(process, tid);
    auto points = director_.open_points<EntersSymbol>(process.path, tree_.thread(tid)->nth);
    std::erase_if(points, [&](size_t point) {
        const auto& name = std::get<EntersSymbol>(plan_->points[point].event);
        const auto found = image.addresses.find({name.module, name.symbol});
        return found == image.addresses.end() || found->second != address;
    });
    // The kernel sets the resume flag at an execution breakpoint: going on does not hit it again.
    if (pass(points, tid))
        kept_[tid] = {};
    else
        go_on(tid, {});
}

void Tracing::loader_notified(TrackedProcess& process, pid_t tid) {
    Image& image = images_[process.pid];
    if (!loader_is_consistent(process.pid, image)) return;
    const size_t known = image.addresses.size();
    for (std::string& problem : find_wanted(image, process.pid, *files_))
        notes_.push_back(std::move(problem));
    for (const size_t fault : stub_functions(image, tid, process.path, *plan_)) ++stubbed_[fault];
    if (image.addresses.size() != known) rearm_others(process, tid);
}

void Tracing::ended(pid_t tid, int status) {
    early_.erase(tid);
    armed_.erase(tid);
    kept_.erase(tid);
    stopped_by_signal_.erase(tid);
    stays_at_birth_.erase(tid);
    director_.gone(tid);
    TrackedProcess* process = tree_.process_of(tid);
    if (!process) return;
    if (process->pid != tid) return tree_.end_thread(tid);
    images_.erase(tid);
    alarms_.erase(tid);
    tree_.end_process(*process, status);  // the leader's end is reported last (ptrace(2))
}

bool Tracing::pass(const std::vector<size_t>& points, pid_t tid) {
    if (points.empty()) return false;
    const unsigned nth = tree_.thread(tid)->nth;
    const std::string name = thread_name(tid);
    bool stay = false;
    for (const size_t point : points) {
        const Director::Step step = director_.pass(point, tid, nth, name, now());
        stay = step.stay;
        for (const pid_t released : step.released) let_go(released);
    }
    return stay;
}

void Tracing::expire(size_t hold) {
    if (const auto tid = director_.expire(hold)) let_go(*tid);
}

// No hold keeps the thread any more.
void Tracing::let_go(pid_t tid) {
    stays_at_birth_.erase(tid);  // it has not even stopped for the first time
    if (const auto kept = kept_.extract(tid)) go_on(tid, kept.mapped());
}

void Tracing::go_on(pid_t tid, Pending how) {
    arm(tid);
    resume(tid, how.how, how.signal);
}

// Brings the thread's debug registers to what it may still pass.
void Tracing::arm(pid_t tid) {
    const TrackedProcess* process = tree_.process_of(tid);
    const TrackedThread* thread = tree_.thread(tid);
    if (!process || !thread) return;
    std::vector<std::uint64_t> addresses;
    if (const auto image = images_.find(process->pid); image != images_.end()) {
        if (image->second.loading()) addresses.push_back(image->second.loader_break);
        for (const size_t point : director_.open_points<EntersSymbol>(process->path, thread->nth)) {
            const auto& name = std::get<EntersSymbol>(plan_->points[point].event);
            const auto found = image->second.addresses.find({name.module, name.symbol});
            if (found != image->second.addresses.end() &&
                std::ranges::find(addresses, found->second) == addresses.end())
                addresses.push_back(found->second);
        }
    }
    REHANG_CHECK(addresses.size() <= max_breakpoints);  // plan/ refuses more
    const auto [armed, first] = armed_.try_emplace(tid);
    if (armed->second == addresses) return;
    if (set_breakpoints(tid, addresses)) armed->second = std::move(addresses);
}

void Tracing::rearm_others(const TrackedProcess& process, pid_t but_not) {
    for (const TrackedThread& thread : process.threads)
        if (thread.tid != but_not && !kept_.contains(thread.tid)) interrupt(thread.tid);
}

void Tracing::note_alarm(pid_t pid, const user_regs_struct& state) {
    if (state.orig_rax == SYS_alarm) {
        if (static_cast<unsigned>(state.rdi) != 0)
            alarms_.insert(pid);
        else
            alarms_.erase(pid);
    } else if (state.orig_rax == SYS_setitimer && state.rdi == ITIMER_REAL) {
        itimerval value{};  // ITIMER_VIRTUAL and ITIMER_PROF stand still in a process that waits
        if (state.rsi != 0 && !read_memory(pid, state.rsi, &value, sizeof value)) return;
        if (timerisset(&value.it_value))
            alarms_.insert(pid);
        else
            alarms_.erase(pid);
    }
}

bool Tracing::all_roots_ended() const {
    return std::ranges::all_of(tree_.processes(),
                               [](const TrackedProcess& p) { return p.parent || p.ended(); });
}

std::optional<user_regs_struct> Tracing::held_registers(pid_t tid) const {
    return kept_.contains(tid) ? registers(tid) : std::nullopt;
}

}  // namespace rehang
