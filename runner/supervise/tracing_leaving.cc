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
    for (const pid_t tid : kept_ | std::views::keys) {
        step_back_before_call(tid);
        leave(tid, 0);
    }
    for (const auto& [tid, pause] : pauses_)
        if (pause == Pause::stands) leave(tid, 0);

    std::set<pid_t> asked = stop_armed();
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
        if (is_interruption(status) && has_untold_trap(tid) && resume(tid, Resume::run, 0)) {
            asked.insert(tid);
            continue;
        }
        leave(tid, withheld_signal(status));
    }
}

// Those that may come to a trap.
std::set<pid_t> Tracing::stop_armed() {
    std::set<pid_t> asked = stepping_;
    for (const auto& [tid, breakpoints] : armed_)
        if (!breakpoints.empty()) asked.insert(tid);
    std::erase_if(asked, [&](pid_t tid) { return kept_.contains(tid) || stands(tid) || !interrupt(tid); });
    return asked;
}

void Tracing::leave(pid_t tid, int signal) {
    set_breakpoints(tid, {});
    detach(tid, signal);
}

}  // namespace rehang
