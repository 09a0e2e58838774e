#include "scenario/fault_occurrence.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "scenario/fault_number.h"

namespace rehang {
namespace {

using Count = FaultOccurrence::Count;
constexpr std::int64_t most_times = std::numeric_limits<std::int32_t>::max();

Count read_count(const SyscallFaultDecl& fault, const Judging& judging) {
    if (!fault.count || !judging.known(*fault.count)) return Count::process;
    const std::string& word = fault.count->value;
    if (word == "thread") return Count::thread;
    if (word == "all") return Count::all;
    if (word != "process")
        judging.error(
            fault.count->at,
            fmt::format("unknown count \"{}\"{}", word, did_you_mean(word, {"process", "thread", "all"})),
            "known are: process, thread, all");
    return Count::process;
}

// `nth` says it all.
void nth_stands_alone(const SyscallFaultDecl& fault, const Judging& judging) {
    if (!fault.nth) return;
    for (const char* other : {"from", "to", "every"})
        if (const auto at = fault.place_of(other))
            judging.error(*at, fmt::format("\"{}\" contradicts \"nth\" (line {}), which is one call only",
                                           other, fault.nth->at.line));
}

// Places in the order of the calls that the fault may happen to; nothing for endless ones.
std::optional<std::uint64_t> possible_times(const FaultOccurrence& occurrence) {
    if (occurrence.to == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
    return (occurrence.to - occurrence.from) / occurrence.every + 1;
}

// Ends of processes and threads come once in each.
void happens_often_enough(const SyscallFaultDecl& fault, const std::vector<FaultedCall>& calls,
                          const FaultOccurrence& occurrence, const Judging& judging) {
    if (calls.size() != 1 || occurrence.from <= 1) return;
    const std::string& call = calls.front().name;
    const bool once = (call == "exit_group" && occurrence.per != Count::all) ||
                      (call == "exit" && occurrence.per == Count::thread);
    if (!once) return;
    const Text& first = fault.nth ? *fault.nth : *fault.from;
    judging.error(first.at, fmt::format("there is no {}. {}: it is made once", occurrence.from, call));
}

}  // namespace

FaultOccurrence read_occurrence(const SyscallFaultDecl& fault, const std::vector<FaultedCall>& calls,
                                const Judging& judging) {
    FaultOccurrence occurrence;
    occurrence.per = read_count(fault, judging);
    nth_stands_alone(fault, judging);
    const auto number = [&](const char* key, const std::optional<Text>& text) {
        return whole_number(key, text, 1, most_times, judging);
    };
    if (const auto from = number("from", fault.from)) occurrence.from = static_cast<std::uint64_t>(*from);
    if (const auto to = number("to", fault.to)) occurrence.to = static_cast<std::uint64_t>(*to);
    if (const auto every = number("every", fault.every))
        occurrence.every = static_cast<std::uint64_t>(*every);
    if (const auto nth = number("nth", fault.nth))
        occurrence.from = occurrence.to = static_cast<std::uint64_t>(*nth);
    if (const auto times = number("times", fault.times))
        occurrence.times = static_cast<std::uint64_t>(*times);
    if (const auto chance = probability("probability", fault.probability, judging))
        occurrence.probability = *chance;
    if (occurrence.from > occurrence.to) {
        const bool both_known = fault.from && judging.known(*fault.from);
        if (both_known || !fault.from)
            judging.error(fault.to->at,
                          fmt::format("no call is from the {}. to the {}.", occurrence.from, occurrence.to));
        return occurrence;
    }
    const auto possible = possible_times(occurrence);
    const auto open = [&](const std::optional<Text>& text) { return text && !judging.known(*text); };
    if (possible && occurrence.times && *occurrence.times > *possible && !open(fault.from) &&
        !open(fault.every))
        judging.error(fault.times->at,
                      fmt::format("this can't happen {} times: {} leaves {}", *occurrence.times,
                                  fault.nth ? "\"nth\"" : "\"to\"", *possible));
    happens_often_enough(fault, calls, occurrence, judging);
    return occurrence;
}

}  // namespace rehang
