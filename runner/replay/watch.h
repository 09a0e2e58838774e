// Lets the diagnoser look at the targets of a supervised run, and keeps what only the supervision sees:
// forks, holds given up.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "diagnose/diagnosis.h"
#include "replay/step_view.h"
#include "report/run_report.h"
#include "supervise/supervisor.h"

namespace rehang {

// Lives as long as its run; called on the supervisor's thread.
class Watch : public Watcher {
  public:
    Watch(const Plan& plan, elf::Files& files) : plan_(&plan), diagnoser_(files) {}
    // Before the supervisor runs: whom to look at.
    void attach(const Tracing& tracing, pid_t init);

    Look look() override;
    std::vector<pid_t> running() const override { return diagnoser_.restless(); }
    void stepping_begins(const std::vector<pid_t>& tids, size_t most_steps) override;
    bool stands(pid_t tid, const user_regs_struct& registers) override;
    void forked(const TrackedProcess& parent, pid_t forking_tid, const TrackedProcess& child) override;
    void giving_up(size_t hold, const std::string& reason, bool impossible) override;

    // The targets as they are now, with stacks and the cause.
    Diagnosis explain();
    // Why each hold's order was not reached: those given up, and those whose point never came until now.
    std::vector<UnmetHold> unmet(const Diagnosis& now) const;

  private:
    Scope scope();
    std::vector<UnmadeWake> unmade_wakes() const;
    void limit_kept_memory();
    UnmetHold missing(size_t hold, size_t point, std::string reason, const Diagnosis& diagnosis) const;

    const Plan* plan_;
    Diagnoser diagnoser_;
    const Tracing* tracing_ = nullptr;
    pid_t init_ = 0;
    StepView step_view_;
    std::vector<ForkRecord> forks_;
    size_t kept_memory_ = 0;                // bytes read at forks so far
    std::map<size_t, UnmetHold> given_up_;  // by hold
};

}  // namespace rehang
