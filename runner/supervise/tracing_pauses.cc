#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>

#include "supervise/tracing.h"

namespace rehang {

void Tracing::pause(pid_t tid) {
    if (!kept_.contains(tid) && !after_fork_.contains(tid) && interrupt(tid)) pauses_[tid] = Pause::asked;
}

bool Tracing::stands(pid_t tid) const {
    const auto pause = pauses_.find(tid);
    return pause != pauses_.end() && pause->second == Pause::stands;
}

bool Tracing::step(pid_t tid) {
    REHANG_CHECK(stands(tid));
    if (!resume(tid, Resume::one_instruction, 0)) return false;
    pauses_[tid] = Pause::steps;
    return true;
}

void Tracing::release(pid_t tid) {
    const auto pause = pauses_.find(tid);
    if (pause == pauses_.end()) return;
    if (pause->second != Pause::stands) {
        pause->second = Pause::over;
        return;
    }
    pauses_.erase(pause);
    go_on(tid, {});
}

// The stop that pause() or step() asked for. Any other one, a signal or a point, is news of a thread that
// gets on.
bool Tracing::is_own_stop(pid_t tid, int status) {
    const auto pause = pauses_.find(tid);
    if (pause == pauses_.end()) return false;
    const bool interrupted = WIFSTOPPED(status) && status >> 8 == (SIGTRAP | PTRACE_EVENT_STOP << 8);
    const bool stepped = WIFSTOPPED(status) && status >> 8 == SIGTRAP && has_stepped(tid);
    const bool over = pause->second == Pause::over;
    const bool own = over ? interrupted || stepped : pause->second == Pause::asked ? interrupted : stepped;
    if (own && !over) {
        pause->second = Pause::stands;
        return true;
    }
    pauses_.erase(pause);
    if (own) go_on(tid, {});
    return own;
}

}  // namespace rehang
