#include "scenario/understand_fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "scenario/fault_calls.h"
#include "scenario/fault_conditions.h"
#include "scenario/fault_effects.h"
#include "scenario/fault_occurrence.h"
#include "scenario/judging.h"
#include "scenario/process_path.h"

namespace rehang {
namespace {

// The filter itself answers: it knows the call and its arguments, nothing else.
void kernel_sees_enough(const FaultDecl& declared, const UnderstoodFault& understood,
                        const Judging& judging) {
    const SyscallFaultDecl& fault = *declared.call;
    constexpr auto in_the_way = std::to_array<std::pair<std::string_view, std::string_view>>({
        {"thread", "it knows no threads"},
        {"nth", "it does not count"},
        {"from", "it does not count"},
        {"to", "it does not count"},
        {"every", "it does not count"},
        {"times", "it does not count"},
        {"count", "it does not count"},
        {"probability", "it draws no lots"},
        {"after", "it knows no points"},
        {"before", "it knows no points"},
        {"while", "it knows no holds"},
        {"return", "it can only give an errno"},
        {"data", "it can only give an errno"},
        {"data_before", "it can only give an errno"},
        {"data_after", "it can only give an errno"},
        {"instead", "it can only give an errno"},
        {"limit_bytes", "it can only give an errno"},
        {"delay", "it can only give an errno"},
        {"delay_after", "it can only give an errno"},
        {"signal", "it can only give an errno"},
        {"kill", "it can only give an errno"},
        {"hold", "it can only give an errno"},
        {"log", "nobody hears of what it does"},
        {"optional", "nobody counts what it does: it is never missed"},
    });
    for (const auto& [key, why] : in_the_way)
        if (const auto at = fault.place_of(key))
            judging.error(*at,
                          fmt::format("\"{}\" is not possible with in_kernel, where a filter in the kernel "
                                      "answers: {}",
                                      key, why));
    if (!fault.error)
        judging.error(*fault.place_of("in_kernel"),
                      "a filter in the kernel can only give an errno: write one");
    if (!fault.below)
        judging.error(*fault.place_of("below"),
                      "\"below\" is not possible with in_kernel: children get the filter of their parent");
    const auto path = ProcessPath::parse(declared.process.value);
    if (path && judging.known(declared.process) && (!path->forks.empty() || path->exec))
        judging.error(
            declared.process.at,
            fmt::format("{} can't have a filter of its own in the kernel: it is there from the start of "
                        "a [[process]] on",
                        declared.process.value),
            fmt::format("write process = \"{}\", or leave in_kernel out", path->root));
    const bool only_equal = std::ranges::all_of(
        understood.calls, [](const CallSelector& selector) { return selector.more.empty(); });
    if (const auto device = fault.place_of("device"))
        judging.error(*device, "\"device\" is not possible with in_kernel: a filter knows no devices");
    else if (!only_equal)
        judging.error(
            *fault.place_of("where"),
            "\"where\" has conditions that the kernel can't compare, which in_kernel needs: it compares "
            "numbers with arguments, nothing else");
}

}  // namespace

UnderstoodFault understand_fault(const FaultDecl& declared, Stage stage, Problems& problems) {
    const SyscallFaultDecl& fault = *declared.call;
    const Judging judging{.stage = stage, .problems = problems};
    auto calls = faulted_calls(fault, judging).value_or(std::vector<FaultedCall>());
    UnderstoodFault understood;
    understood.calls = select_calls(fault, calls, judging);
    std::erase_if(calls, [&](const FaultedCall& call) {  // of a group, which the conditions exclude
        return std::ranges::find(understood.calls, call.number, &CallSelector::number) ==
               understood.calls.end();
    });
    understood.occurrence = read_occurrence(fault, calls, judging);
    understood.effect = read_effect(declared, calls, judging);
    if (fault.in_kernel) kernel_sees_enough(declared, understood, judging);
    return understood;
}

}  // namespace rehang
