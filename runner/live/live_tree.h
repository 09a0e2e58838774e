// A tree of processes that runs already: looked at until it is known whether it is stuck. Nothing is stopped
// or changed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "diagnose/census.h"
#include "diagnose/diagnosis.h"
#include "report/run_report.h"

namespace rehang {

class LiveTree {
  public:
    // `title` is what the report calls it. Borrows the files.
    LiveTree(std::vector<pid_t> roots, std::string title, elf::Files& files);

    enum class Answer {
        stuck,      // proven: some of its threads, maybe all, can never go on
        not_stuck,  // not proven within the time
        ended,      // there is no process left, or only zombies
    };
    // Looks until something is proven, at most this long: a few milliseconds where a tree is stuck. Ends
    // early when `stop` becomes true.
    Answer look(std::chrono::milliseconds most, const volatile bool& stop);

    // Everything that was seen, with stacks and cause. After look().
    RunReport report();

  private:
    std::vector<std::string> what_moved(const Diagnosis& diagnosis) const;
    void explain_not_stuck(RunReport& report, const Diagnosis& diagnosis) const;

    using Clock = std::chrono::steady_clock;
    Scope scope_;
    std::string title_;
    Diagnoser diagnoser_;
    Clock::time_point begun_ = Clock::now();
    Census first_, last_;  // around the last look()
    std::chrono::milliseconds looked_for_{0};
    Answer answer_ = Answer::not_stuck;
};

}  // namespace rehang
