#include "supervise/stepping.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace rehang {
namespace {

using std::chrono::milliseconds;

// Errors that a system call has inside the kernel only, while it is interrupted for a stop: it will be made
// again. Source: include/linux/errno.h.
bool is_interrupted_call(const user_regs_struct& registers) {
    constexpr long restart_first = 512, restart_last = 516;
    const auto answer = -static_cast<long>(registers.rax);
    return static_cast<long>(registers.orig_rax) >= 0 && answer >= restart_first && answer <= restart_last;
}

}  // namespace

Stepping::Stepping(boost::asio::io_context& io, Tracing& tracing, StepViewer& viewer, int child_signals,
                   Events events)
    : tracing_(tracing),
      viewer_(viewer),
      child_signals_(child_signals),
      events_(std::move(events)),
      limit_(io) {}

void Stepping::begin(std::vector<pid_t> tids, Effort most) {
    REHANG_CHECK(!active());
    constexpr milliseconds to_stop(50);
    phase_ = Phase::stopping;
    tids_ = std::move(tids);
    current_ = 0;
    most_ = most;
    events_before_ = tracing_.events();
    for (const pid_t tid : tids_) tracing_.pause(tid);
    give_up_after(most_.limit);  // where many want the processor, even a stop takes long
}

void Stepping::give_up_after(milliseconds limit) {
    limit_.expires_after(limit);
    limit_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) release();
    });
}

void Stepping::advance() {
    if (!active()) return;
    if (tracing_.events() != events_before_) return release();
    if (phase_ == Phase::stopping &&
        std::ranges::all_of(tids_, [&](pid_t tid) { return tracing_.stands(tid); })) {
        give_up_after(most_.limit);
        viewer_.stepping_begins(tids_, most_.instructions);
        phase_ = Phase::stepping;
    }
    if (phase_ == Phase::stepping) step_some();
}

void Stepping::step_some() {
    constexpr int at_once = 100;
    for (int i = 0; i < at_once && current_ < tids_.size(); ++i) {
        if (!tracing_.stands(tids_[current_])) return;  // its instruction takes longer: a system call
        if (step(tids_[current_]) && !comes_to_stand(tids_[current_])) break;
    }
    if (tracing_.events() != events_before_) return release();
    if (current_ < tids_.size()) return events_.more();
    phase_ = Phase::seen;
    limit_.cancel();
    events_.seen();
}

// False: it has been seen enough of, and the next one is the current one.
bool Stepping::step(pid_t tid) {
    const auto now = registers(tid);
    const bool shown = now && !is_interrupted_call(*now);
    if (now && (!shown || viewer_.stands(tid, *now)) && tracing_.step(tid)) return true;
    ++current_;
    return false;
}

// One instruction takes a microsecond, so it is worth to wait a little right here. The signals taken away
// here may be of other children: that is what Events::more is for.
bool Stepping::comes_to_stand(pid_t tid) {
    constexpr int worth_waiting_ms = 1;
    pollfd child{.fd = child_signals_, .events = POLLIN, .revents = 0};
    ::poll(&child, 1, worth_waiting_ms);
    signalfd_siginfo ignored;
    while (::read(child_signals_, &ignored, sizeof ignored) > 0) {
    }
    int status = 0;
    if (::waitpid(tid, &status, __WALL | WNOHANG) == tid) tracing_.handle(tid, status);
    return tracing_.stands(tid);
}

void Stepping::release() {
    phase_ = Phase::idle;
    limit_.cancel();
    for (const pid_t tid : tids_) tracing_.release(tid);
    tids_.clear();
}

Stepping::Effort SteppingPace::due(std::chrono::steady_clock::time_point now) {
    struct Turn {
        milliseconds quiet;
        size_t instructions;
    };
    constexpr std::array<Turn, 8> turns = {{{milliseconds(15), 300},
                                            {milliseconds(60), 1500},
                                            {milliseconds(250), 5000},
                                            {milliseconds(1000), 20000},
                                            {milliseconds(2000), 20000},
                                            {milliseconds(4000), 20000},
                                            {milliseconds(8000), 20000},
                                            {milliseconds(15000), 20000}}};
    if (next_ == turns.size() || now - quiet_since_ < turns[next_].quiet) return {};
    const Turn& turn = turns[next_++];
    // On a busy machine, and with loops that sleep, it takes long: not more than a part of the time so far.
    return {.instructions = turn.instructions, .limit = std::max(milliseconds(100), turn.quiet * 3 / 10)};
}

}  // namespace rehang
