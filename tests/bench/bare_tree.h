// A scenario's program as it runs without rehang, with all its descendants: how long until nothing moves any
// more, who is left.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <vector>

#include "base/error.h"
#include "plan/plan.h"

namespace rehang::bench {

// While one exists, this process adopts orphans (PR_SET_CHILD_SUBREAPER), so that daemons stay in sight. One
// at a time, and no other children meanwhile but short-lived ones. The destructor kills and reaps all
// descendants.
class BareTree {
  public:
    // Starts the first [[process]] on the host itself; its files under /tmp go to `folder`.
    static Expected<BareTree> start(const PlannedProcess& process, const std::string& folder);

    BareTree(BareTree&& other) noexcept : first_(std::exchange(other.first_, -1)), start_(other.start_) {}
    BareTree& operator=(BareTree&&) = delete;
    ~BareTree();

    struct Rest {
        bool ended = false;  // the first process has: ms is until then
        double ms = 0;       // otherwise until the last time that any of its threads ran
    };
    // Watches until the first process has ended and everything sleeps, for 50 ms without a single context
    // switch; 5 s at most.
    Rest rest() const;

    // True as soon as the first process has ended; false: it has not, so long after its start.
    bool ends_within(std::chrono::milliseconds limit) const;

    // Without zombies.
    std::vector<pid_t> alive() const;

  private:
    using Clock = std::chrono::steady_clock;
    BareTree(pid_t first, Clock::time_point start) : first_(first), start_(start) {}
    double ms_until(Clock::time_point moment) const;

    pid_t first_ = -1;
    Clock::time_point start_;
};

}  // namespace rehang::bench
