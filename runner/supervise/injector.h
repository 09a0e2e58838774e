// Decides which system calls are faulty: counts those that fit, and says which fault fires. Pure: no system
// call.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/plan.h"
#include "supervise/director.h"
#include "supervise/system_call.h"

namespace rehang {

// Who makes a call, and what can be found out about it. Lives for one decision; asks the system only when it
// is asked.
class Caller {
  public:
    Caller(const ProcessPath& of_process, unsigned nth, bool is_past_entry)
        : process(of_process), thread_nth(nth), past_entry(is_past_entry) {}
    virtual ~Caller() = default;
    virtual std::string thread_name() const = 0;
    virtual bool holds(const CallCondition& condition) const = 0;

    const ProcessPath& process;  // with its executions so far
    const unsigned thread_nth;
    const bool past_entry;  // its program has come to its entry point
};

struct FaultState {
    std::uint64_t matched = 0;  // calls that fit, while the fault was in force
    std::uint64_t fired = 0;
    ProcessPath first;       // whose call it fired at first …
    unsigned first_nth = 0;  // … and which thread of it
};

class Injector {
  public:
    // Borrows the plan, which must outlive it.
    explicit Injector(const Plan& plan);

    // The faults that fire at this call, as indices of plan.syscall_faults: any number that only log, and at
    // most one that does something, the first in the plan's order, at the end. Every fault counts every call
    // that fits it, also where another one fires.
    std::vector<size_t> decide(const SystemCall& call, const Caller& caller, const Director& director);

    // This call is not made, and neither is any later one like it: the filter in the kernel answers them all
    // in the same way.
    bool kernel_answers(const SystemCall& call, const ProcessPath& process) const;

    bool concerns_calls() const { return !candidates_.empty(); }
    bool concerns_call(int number) const { return candidates_.contains(number); }
    const std::vector<FaultState>& faults() const { return states_; }

  private:
    struct Candidate {
        size_t fault = 0;
        const CallSelector* selector = nullptr;
    };
    struct Count {
        std::uint64_t calls = 0, fired = 0;
    };
    using Counted = std::pair<std::string, unsigned>;  // process and thread, as far as they are told apart

    bool in_force(const FaultWindow& window, const Caller& caller, const Director& director) const;
    bool fires(size_t fault, const Counted& who, Count& count);

    const Plan* plan_;
    std::unordered_map<int, std::vector<Candidate>> candidates_;  // by call
    std::vector<FaultState> states_;                              // as plan.syscall_faults
    std::vector<std::map<Counted, Count>> counts_;                // the same
};

// Whether the nth call of its count is one of those that `probability` picks. The same for the same seed,
// whatever else happens in a run.
bool picks(const PlannedSyscallFault& fault, std::uint64_t seed, std::string_view process,
           unsigned thread_nth, std::uint64_t nth);

}  // namespace rehang
