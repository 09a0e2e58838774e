// The part of Tracing about its end: targets that go on existing without a tracer.
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <ranges>
#include <thread>

#include "supervise/tracing.h"

namespace rehang {
namespace {

// What a stop withholds from the thread: a signal where one is about to be delivered.
int withheld_signal(int status) {
    const bool is_event = status >> 16 != 0;
    const int signal = WSTOPSIG(status) & 0x7f;
    return is_event || signal == SIGTRAP ? 0 : signal;
}

}  // namespace

// A breakpoint that nobody waits for kills its process by SIGTRAP, and so does a single step. So all threads
// that have one are stopped, but only those: the others stay in their system calls untouched.
void Tracing::stop_for_good(const std::set<pid_t>& but_not) {
    for (const TrackedProcess& process : tree_.processes())
        if (!process.ended() && !but_not.contains(process.pid)) ::kill(process.pid, SIGSTOP);
    std::set<pid_t> asked = stop_armed();
    for (const pid_t tid : standing()) {
        if (kept_.contains(tid)) step_back_before_call(tid);
        if (!leave(tid, 0)) asked.insert(tid);
    }

    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (!asked.empty() && std::chrono::steady_clock::now() < deadline) {
        int status = 0;
        const pid_t tid = ::waitpid(-1, &status, __WALL | WNOHANG);
        if (tid < 0) return;
        if (tid == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(50));
            continue;
        }
        asked.erase(tid);
        if (!WIFSTOPPED(status)) continue;
        if (!tree_.process_of(tid)) ::kill(tid, SIGSTOP);  // born just now
        if (status >> 16 == PTRACE_EVENT_STOP) begin_interrupted_call_again(tid);
        if (!leave(tid, withheld_signal(status))) asked.insert(tid);
    }
}

// Threads whose stop has been taken note of: there will be no other.
std::set<pid_t> Tracing::standing() const {
    std::set<pid_t> all;
    for (const pid_t tid : kept_ | std::views::keys) all.insert(tid);
    for (const pid_t tid : waits_for_rearmed_ | std::views::keys) all.insert(tid);
    for (const pid_t tid : pauses_ | std::views::keys)
        if (stands(tid)) all.insert(tid);
    return all;
}

std::set<pid_t> Tracing::stop_armed() {
    std::set<pid_t> asked = stepping_;
    for (const auto& [tid, breakpoints] : armed_)
        if (!breakpoints.empty()) asked.insert(tid);
    for (const pid_t tid : pauses_ | std::views::keys) asked.insert(tid);  // it may be executing a step
    const std::set<pid_t> there = standing();
    std::erase_if(asked, [&](pid_t tid) { return there.contains(tid) || !interrupt(tid); });
    return asked;
}

// False if it has to stop once more: a trap that was sprung before is shown after the stop that was asked
// for, and would reach the program if nobody was there to take it.
bool Tracing::leave(pid_t tid, int signal) {
    set_breakpoints(tid, {});
    if (has_untold_trap(tid) && resume(tid, Resume::run, signal)) return false;
    detach(tid, signal);
    return true;
}

}  // namespace rehang
