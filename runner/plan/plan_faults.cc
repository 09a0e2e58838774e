#include "plan/plan_faults.h"

#include "base/duration.h"
#include "plan/resolved.h"
#include "scenario/event_text.h"
#include "scenario/understand_fault.h"

namespace rehang {
namespace {

PlannedFunctionFault plan_function_fault(const FaultDecl& declared) {
    REHANG_CHECK(declared.function && declared.returns);
    SymbolName function = checked(parse_function(declared.function->value));
    return {.name = declared.name.value,
            .process = path_of(declared.process),
            .module = std::move(function.module),
            .symbol = std::move(function.symbol),
            .value = declared.returns->value,
            .at = declared.function->at};
}

UnderstoodFault understood(const FaultDecl& declared, const std::string& file) {
    Problems problems(file);
    UnderstoodFault fault = understand_fault(declared, Stage::with_params, problems);
    REHANG_CHECK(!problems.found_any());
    return fault;
}

// The thread that the fault happens to stays where it is: a point that firing reaches, and a hold at it.
void plan_hold_of_fault(const FaultDecl& declared, const Scenario& scenario, Plan& plan) {
    PlannedSyscallFault& fault = plan.syscall_faults.back();
    fault.effect.held_at = plan.points.size();
    plan.points.push_back({.name = fault.name,
                           .process = fault.process,
                           .thread = fault.thread,
                           .event = FaultFires{.fault = plan.syscall_faults.size() - 1},
                           .nth = 1,
                           .at = fault.at});
    PlannedHold hold{.name = fault.name,
                     .at = *fault.effect.held_at,
                     .until = index_of(*declared.call->hold, scenario.points),
                     .span = fault.at};
    if (declared.call->limit) hold.limit = checked(parse_duration(declared.call->limit->value));
    plan.holds.push_back(std::move(hold));
}

void plan_syscall_fault(const FaultDecl& declared, const Scenario& scenario, Plan& plan) {
    UnderstoodFault what = understood(declared, scenario.file);
    plan.syscall_faults.push_back({.name = declared.name.value,
                                   .process = path_of(declared.process),
                                   .below = declared.call->below,
                                   .thread = selector_of(declared.call->thread),
                                   .calls = std::move(what.calls),
                                   .window = {},
                                   .occurrence = what.occurrence,
                                   .effect = std::move(what.effect),
                                   .in_kernel = declared.call->in_kernel,
                                   .optional = declared.call->optional,
                                   .at = declared.call->calls.front().at});
    if (declared.call->hold) plan_hold_of_fault(declared, scenario, plan);
}

// By its own name, or by the point that it is at.
size_t index_of_hold(const std::string& name, const Plan& plan) {
    const auto found = std::ranges::find_if(plan.holds, [&](const PlannedHold& hold) {
        return hold.name == name || plan.points[hold.at].name == name;
    });
    REHANG_CHECK(found != plan.holds.end());
    return static_cast<size_t>(found - plan.holds.begin());
}

FaultWindow window_of(const SyscallFaultDecl& declared, const Scenario& scenario, const Plan& plan) {
    FaultWindow window;
    window.after_entry = declared.after && declared.after->value == after_entry_word;
    if (declared.after && !window.after_entry) window.after = index_of(*declared.after, scenario.points);
    if (declared.before) window.before = index_of(*declared.before, scenario.points);
    if (declared.while_held) window.while_held = index_of_hold(declared.while_held->value, plan);
    return window;
}

}  // namespace

void plan_faults(const Scenario& scenario, Plan& plan) {
    for (const FaultDecl& fault : scenario.faults) {
        if (fault.call)
            plan_syscall_fault(fault, scenario, plan);
        else
            plan.function_faults.push_back(plan_function_fault(fault));
    }
    // A fault may wait for the hold of another one, so all holds had to be there before.
    size_t index = 0;
    for (const FaultDecl& fault : scenario.faults)
        if (fault.call) plan.syscall_faults[index++].window = window_of(*fault.call, scenario, plan);
}

}  // namespace rehang
