// Stops threads that seem to get nowhere for a moment, and shows the Watcher what each of them does,
// instruction by instruction.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "supervise/tracing.h"

namespace rehang {

// What the stepping shows the threads to. Called on the loop's thread.
class StepViewer {
  public:
    virtual ~StepViewer() = default;
    // All of these threads have stopped now. At most so many instructions of each are worth to see.
    virtual void stepping_begins(const std::vector<pid_t>& tids, size_t most_steps) = 0;
    // The thread stands before its next instruction. True: to see it again after that one.
    virtual bool stands(pid_t tid, const user_regs_struct& registers) = 0;
};

// On the loop's thread; borrows everything. Never blocks: steps in slices of about a millisecond, and leaves
// to the loop to wait for an instruction that takes longer. Gives up as soon as anything else happens to a
// target.
class Stepping {
  public:
    struct Events {
        std::function<void()> seen;  // every thread was seen, and all still stand; release() lets them go on
        std::function<void()> more;  // call handle_children() again soon: SIGCHLD may have been taken away
    };
    Stepping(boost::asio::io_context& io, Tracing& tracing, StepViewer& viewer, int child_signals,
             Events events);

    bool active() const { return phase_ != Phase::idle; }
    struct Effort {
        size_t instructions = 0;  // of each thread; 0: none
        std::chrono::milliseconds limit{};
    };
    void begin(std::vector<pid_t> tids, Effort most);
    // After children were handled.
    void advance();
    // Everybody goes on.
    void release();

  private:
    enum class Phase { idle, stopping, stepping, seen };

    void give_up_after(std::chrono::milliseconds limit);
    void step_some();
    bool step(pid_t tid);
    bool comes_to_stand(pid_t tid);

    Tracing& tracing_;
    StepViewer& viewer_;
    int child_signals_;
    Events events_;
    boost::asio::steady_timer limit_;
    Phase phase_ = Phase::idle;
    std::vector<pid_t> tids_;
    size_t current_ = 0;  // which of them is stepped
    Effort most_;
    std::uint64_t events_before_ = 0;
};

// When to look at running threads step by step: soon for a moment, so that a short loop is found at once; the
// longer they run the rarer and the longer, so that a program that computes is hardly slowed.
class SteppingPace {
  public:
    void something_happened(std::chrono::steady_clock::time_point now) {
        quiet_since_ = now;
        next_ = 0;
    }
    // How much to see now.
    Stepping::Effort due(std::chrono::steady_clock::time_point now);

  private:
    std::chrono::steady_clock::time_point quiet_since_;
    size_t next_ = 0;
};

}  // namespace rehang
