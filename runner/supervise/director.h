// Enforces the order that the holds ask for: counts passes of points, says who stays and who may go. Pure: no
// system call.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace rehang {

using Instant = std::chrono::steady_clock::time_point;

struct PointState {
    unsigned passes = 0;             // by selected threads, the one that reached it included
    std::optional<Instant> reached;  // at the nth pass
    ProcessPath process;             // who reached it
    unsigned thread_nth = 0;
};

struct HoldState {
    enum class Phase {
        idle,        // nobody came to its point yet
        active,      // a thread stays
        done,        // the awaited point came (maybe before anybody had to stay)
        expired,     // given up: the limit, or the order can't be reached any more
        impossible,  // the same, proven, and the scenario goes on without it
        lost,        // the thread that stayed was killed there
    };
    Phase phase = Phase::idle;
    pid_t tid = 0;
    Instant since;
};

class Director {
  public:
    // Borrows the plan, which must outlive it.
    explicit Director(const Plan& plan);

    // Indices of points of this process, given with its executions so far, whose event is of type E, that the
    // thread may pass, and that were not reached yet. A selector by name selects every thread here: names
    // change, matches() decides when the thread is there.
    template <class E>
    std::vector<size_t> open_points(const ProcessPath& process, unsigned thread_nth) const {
        std::vector<size_t> open;
        for (size_t i = 0; i < points_.size(); ++i)
            if (std::holds_alternative<E>(plan_->points[i].event) && may_pass(i, process, thread_nth))
                open.push_back(i);
        return open;
    }

    struct Step {
        bool stay = false;            // the thread that passed stays where it is
        std::vector<pid_t> released;  // threads that may go on now
    };
    // A thread is at the point's place, its name and number match the selector or not.
    Step pass(size_t point, pid_t tid, unsigned thread_nth, std::string_view thread_name, Instant now);

    // Gives a hold up; its thread may go on if no other hold keeps it.
    std::optional<pid_t> expire(size_t hold);
    // The same where it is proven that its order can't be reached, and the scenario is to go on then.
    std::optional<pid_t> let_go_as_impossible(size_t hold);
    // The thread exists no more.
    void gone(pid_t tid);

    std::vector<size_t> active() const;                   // holds
    std::vector<size_t> active_but_dispensable() const;   // those of them that the scenario goes on without
    std::vector<size_t> overdue(Instant now) const;       // active holds past their limit
    std::optional<Instant> next_limit() const;            // of the active holds
    bool complete(size_t hold) const;                     // done, or one that the scenario does without
    bool order_complete() const;                          // every hold is
    std::optional<std::string> held_at(pid_t tid) const;  // the point where the thread stays

    const std::vector<PointState>& points() const { return points_; }
    const std::vector<HoldState>& holds() const { return holds_; }
    std::optional<Instant> last_reached() const;

  private:
    bool may_pass(size_t point, const ProcessPath& process, unsigned thread_nth) const;
    std::optional<pid_t> end(size_t hold, HoldState::Phase how);
    bool stays(pid_t tid) const;

    const Plan* plan_;
    std::vector<PointState> points_;  // as plan.points
    std::vector<HoldState> holds_;    // as plan.holds
};

}  // namespace rehang
