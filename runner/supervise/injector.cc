#include "supervise/injector.h"

#include <algorithm>
#include <limits>

namespace rehang {
namespace {

bool concerns_process(const PlannedSyscallFault& fault, const ProcessPath& process) {
    return fault.below && !fault.process.exec ? fault.process.covers(process) : fault.process.names(process);
}

bool concerns(const PlannedSyscallFault& fault, const Caller& caller) {
    if (!concerns_process(fault, caller.process)) return false;
    switch (fault.thread.kind) {
        case ThreadSelector::Kind::any:
            return true;
        case ThreadSelector::Kind::name:
            return fault.thread.matches(caller.thread_name(), caller.thread_nth);
        default:
            return fault.thread.matches({}, caller.thread_nth);
    }
}

bool is_log_only(const FaultEffect& effect) {
    return !effect.answer && effect.writes_before.empty() && !effect.signal && !effect.kill &&
           effect.is_immediate();
}

// SplitMix64's finalizer: every bit of the result depends on every bit of the value.
std::uint64_t mixed(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

std::uint64_t mixed(std::uint64_t value, std::string_view text) {
    for (const char c : text) value = mixed(value ^ static_cast<unsigned char>(c));
    return value;
}

}  // namespace

bool picks(const PlannedSyscallFault& fault, std::uint64_t seed, std::string_view process,
           unsigned thread_nth, std::uint64_t nth) {
    if (fault.occurrence.probability >= 1) return true;
    std::uint64_t value = mixed(mixed(mixed(seed), fault.name), process);
    value = mixed(mixed(value ^ thread_nth) ^ nth);
    constexpr int bits = std::numeric_limits<double>::digits;
    const double fraction = static_cast<double>(value >> (64 - bits)) / static_cast<double>(1ULL << bits);
    return fraction < fault.occurrence.probability;
}

Injector::Injector(const Plan& plan)
    : plan_(&plan), states_(plan.syscall_faults.size()), counts_(plan.syscall_faults.size()) {
    for (size_t i = 0; i < plan.syscall_faults.size(); ++i)
        for (const CallSelector& selector : plan.syscall_faults[i].calls)
            candidates_[selector.number].push_back({.fault = i, .selector = &selector});
}

std::vector<size_t> Injector::decide(const SystemCall& call, const Caller& caller, const Director& director) {
    std::vector<size_t> fired;
    const auto candidates = candidates_.find(call.number);
    if (candidates == candidates_.end()) return fired;
    size_t last = plan_->syscall_faults.size();  // one call counts once for a fault that selects it twice
    bool decided = false;
    for (const auto& [index, selector] : candidates->second) {
        const PlannedSyscallFault& fault = plan_->syscall_faults[index];
        if (index == last || !concerns(fault, caller) || !in_force(fault.window, caller, director) ||
            !call.meets(selector->number, selector->arguments) ||
            !std::ranges::all_of(selector->more,
                                 [&](const CallCondition& condition) { return caller.holds(condition); }))
            continue;
        last = index;
        ++states_[index].matched;
        const auto per = fault.occurrence.per;
        const Counted who = {per == FaultOccurrence::Count::all ? "" : caller.process.place(),
                             per == FaultOccurrence::Count::thread ? caller.thread_nth : 0};
        const bool logs = is_log_only(fault.effect);
        Count& count = counts_[index][who];
        ++count.calls;
        if ((decided && !logs) || !fires(index, who, count)) continue;
        if (states_[index].fired++ == 0) {
            states_[index].first = {.root = caller.process.root, .forks = caller.process.forks};
            states_[index].first_nth = caller.thread_nth;
        }
        ++count.fired;
        decided |= !logs;
        fired.insert(logs ? fired.begin() : fired.end(), index);
    }
    return fired;
}

bool Injector::kernel_answers(const SystemCall& call, const ProcessPath& process) const {
    const auto candidates = candidates_.find(call.number);
    if (candidates == candidates_.end()) return false;
    bool answers = false;
    for (const auto& [index, selector] : candidates->second) {
        const PlannedSyscallFault& fault = plan_->syscall_faults[index];
        if (!concerns_process(fault, process) || !call.meets(selector->number, selector->arguments)) continue;
        if (!fault.in_kernel) return false;  // the runner is asked
        answers = true;
    }
    return answers;
}

bool Injector::in_force(const FaultWindow& window, const Caller& caller, const Director& director) const {
    const auto reached = [&](size_t point) { return director.points()[point].reached.has_value(); };
    return (!window.after_entry || caller.past_entry) && (!window.after || reached(*window.after)) &&
           (!window.before || !reached(*window.before)) &&
           (!window.while_held || director.holds()[*window.while_held].phase == HoldState::Phase::active);
}

bool Injector::fires(size_t index, const Counted& who, Count& count) {
    const PlannedSyscallFault& fault = plan_->syscall_faults[index];
    const FaultOccurrence& which = fault.occurrence;
    if (count.calls < which.from || count.calls > which.to) return false;
    if ((count.calls - which.from) % which.every != 0) return false;
    if (which.times && count.fired >= *which.times) return false;
    return picks(fault, plan_->seed, who.first, who.second, count.calls);
}

}  // namespace rehang
