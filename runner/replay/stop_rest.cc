#include "replay/stop_rest.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string_view>
#include <thread>
#include <vector>

#include "diagnose/proc_files.h"
#include "supervise/identity.h"

namespace rehang {
namespace {

std::vector<pid_t> threads_of(pid_t pid) {
    return proc::numbers_in(fmt::format("/proc/{}/task", pid)).value_or(std::vector<pid_t>());
}

// In the kernel for something short, or until a child of vfork goes on, is as good as stopped: the signal is
// there when it returns.
bool runs(pid_t pid) {
    constexpr std::string_view rests = "TtZXD";
    return std::ranges::any_of(threads_of(pid), [&](pid_t tid) {
        const char state = thread_state(tid);
        return state != '\0' && !rests.contains(state);
    });
}

void append_running(pid_t pid, const std::set<pid_t>& but_not, std::vector<pid_t>& running) {
    for (const pid_t thread : threads_of(pid)) {
        for (const pid_t child : children_of(thread)) {
            if (!but_not.contains(child) && runs(child)) running.push_back(child);
            append_running(child, but_not, running);
        }
    }
}

}  // namespace

void stop_rest(pid_t init, const std::set<pid_t>& but_not) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (std::chrono::steady_clock::now() < deadline) {
        std::vector<pid_t> running;
        append_running(init, but_not, running);
        if (running.empty()) return;
        for (const pid_t pid : running) ::kill(pid, SIGSTOP);
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

}  // namespace rehang
