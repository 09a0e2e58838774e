#include "replay/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "base/unique_fd.h"

namespace rehang {
namespace {

std::vector<UniqueFd> pidfds_of(const RunReport& report) {
    std::vector<UniqueFd> pidfds;
    for (const DiagnosedProcess& process : report.processes) {
        UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
        if (process.state == "running" && pidfd) pidfds.push_back(std::move(pidfd));
    }
    return pidfds;
}

}  // namespace

void leave_the_command() {
    ::prctl(PR_SET_PDEATHSIG, 0);
    ::prctl(PR_SET_NAME, "rehang-keeper");
    std::signal(SIGHUP, SIG_IGN);  // the terminal may go
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
}

void keep_alive(const RunReport& report) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + keeper_limit;
    for (auto pidfds = pidfds_of(report); !pidfds.empty();) {
        std::vector<pollfd> ends;
        for (const UniqueFd& pidfd : pidfds)
            ends.push_back({.fd = pidfd.get(), .events = POLLIN, .revents = 0});
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return;
        if (::poll(ends.data(), ends.size(), static_cast<int>(left.count())) <= 0) continue;
        std::erase_if(pidfds, [&](const UniqueFd& pidfd) {
            return std::ranges::any_of(
                ends, [&](const pollfd& end) { return end.fd == pidfd.get() && end.revents != 0; });
        });
    }
}

}  // namespace rehang
