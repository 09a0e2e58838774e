// Brings what the supervision sees step by step to those who understand it: registers and memory to a
// LoopFinder for each thread, and the check that nobody else ran meanwhile.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "diagnose/census.h"
#include "spin/loop_finder.h"
#include "supervise/stepping.h"

namespace rehang {

// Called on the supervisor's thread.
class StepView {
  public:
    // Threads of everything below `init` must not run meanwhile.
    void begin(const std::vector<pid_t>& tids, size_t most_steps, pid_t init);
    // `call_is_answered`: if it makes a system call next, that gets the same answer each time.
    bool stands(pid_t tid, const user_regs_struct& registers, bool call_is_answered);
    // What was seen of a thread the last time. An endless loop counts as one only while the thread stands in
    // it: otherwise it is just told.
    std::shared_ptr<const spin::Spin> seen(pid_t tid, bool stands);

  private:
    void finish();

    pid_t init_ = 0;
    Census before_;
    bool open_ = false;  // begun, and not asked about yet
    std::map<pid_t, spin::LoopFinder> finders_;
    std::map<pid_t, std::shared_ptr<const spin::Spin>> seen_;
};

}  // namespace rehang
