// What faults do, and what came of it.
#include <fmt/format.h>

#include <algorithm>

#include "base/names.h"
#include "report/describe.h"
#include "report/text_layout.h"
#include "report/text_sections.h"

namespace rehang {
namespace {

constexpr size_t widest_deed = 44;  // longer ones push their own text aside, not everybody's

std::string calls_text(const std::vector<CallSelector>& calls) {
    constexpr size_t most_named = 4;
    std::vector<std::string> names;
    for (const CallSelector& call : calls)
        if (std::string name = syscall_name(call.number); std::ranges::find(names, name) == names.end())
            names.push_back(std::move(name));
    if (names.size() <= most_named) return fmt::format("{}", fmt::join(names, ", "));
    const size_t more = names.size() - (most_named - 1);
    names.resize(most_named - 1);
    return fmt::format("{} and {} more calls", fmt::join(names, ", "), more);
}

std::string answer_text(std::int64_t answer) {
    constexpr std::int64_t last_error = 4095;  // MAX_ERRNO of the kernel
    return answer < 0 && answer >= -last_error ? "fails with " + errno_name(static_cast<int>(-answer))
                                               : fmt::format("returns {}", answer);
}

std::vector<std::string> deeds(const FaultEffect& effect) {
    if (effect.kill) return {"kills its process"};
    std::vector<std::string> deeds;
    if (effect.signal)
        deeds.push_back(fmt::format("sends {} to its {}", signal_name(*effect.signal),
                                    effect.signal_process ? "process" : "thread"));
    if (effect.held_at) deeds.emplace_back("is held");
    if (effect.delay > Duration(0))
        deeds.push_back(fmt::format("comes {} later", format_duration(effect.delay)));
    if (!effect.writes_before.empty()) deeds.emplace_back("is given other data");
    if (!effect.writes.empty() || !effect.writes_after.empty()) deeds.emplace_back("gives other data");
    if (effect.answer) deeds.push_back(answer_text(*effect.answer));
    if (effect.instead) deeds.push_back(fmt::format("is {} instead", syscall_name(*effect.instead)));
    if (effect.limit_bytes) deeds.push_back(fmt::format("is made for {} bytes at most", *effect.limit_bytes));
    if (effect.delay_after > Duration(0))
        deeds.push_back(fmt::format("takes {} longer", format_duration(effect.delay_after)));
    if (deeds.empty()) deeds.emplace_back("is counted");
    return deeds;
}

std::string plural(std::uint64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string fired_text(const FaultReport& fault) {
    if (!fault.matched) return "answered by the kernel, which does not count";
    if (!fault.fired) return fmt::format("in place in {}", plural(*fault.matched, "program image"));
    if (*fault.fired == 0)
        return *fault.matched == 0 ? "never fired: no call fitted"
                                   : fmt::format("never fired, {} fitted", plural(*fault.matched, "call"));
    return fmt::format("fired at {} of {}, first in {}", *fault.fired, plural(*fault.matched, "call"),
                       fault.first_by);
}

}  // namespace

std::string fault_text(const PlannedSyscallFault& fault) {
    return fmt::format("{}: {}", calls_text(fault.calls), fmt::join(deeds(fault.effect), ", "));
}

std::string fault_text(const PlannedFunctionFault& fault) {
    return fmt::format("{}!{}: returns {}", fault.module, fault.symbol, fault.value);
}

std::string faults_section(const RunReport& report, const TextStyle& style) {
    if (report.faults.empty()) return "";
    size_t names = 0, deeds = 0;
    for (const FaultReport& fault : report.faults) {
        names = std::max(names, columns_of(fault.name));
        deeds = std::max(deeds, std::min(columns_of(fault.does), widest_deed));
    }
    std::string text = section("Faults", style);
    for (const FaultReport& fault : report.faults)
        text += wrapped(fmt::format("  {}  {}  ", padded(fault.name, names), padded(fault.does, deeds)),
                        fired_text(fault), style);
    return text;
}

}  // namespace rehang
