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
    stepping_.insert(tid);
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
// gets on. A step may take longer than the thread is looked at: its trap is ours whenever it comes.
bool Tracing::is_own_stop(pid_t tid, int status) {
    const bool may_be_step = stepping_.erase(tid) != 0 && WIFSTOPPED(status) && status >> 8 == SIGTRAP;
    const bool stepped = may_be_step && has_stepped(tid);
    if (pauses_.contains(tid)) return is_stop_of_pause(tid, is_interruption(status), stepped);
    if (stepped) go_on(tid, {});
    return stepped;
}

bool Tracing::is_stop_of_pause(pid_t tid, bool interrupted, bool stepped) {
    const auto pause = pauses_.find(tid);
    const bool own = stepped || (interrupted && pause->second != Pause::steps);
    if (own && pause->second != Pause::over) {
        pause->second = Pause::stands;
        return true;
    }
    pauses_.erase(pause);
    if (own) go_on(tid, {});
    return own;
}

}  // namespace rehang
