// Any bytes as a scenario: no crash, every diagnostic inside the file and in order, and a text without errors
// makes plans that hold together. As libFuzzer calls it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "base/error.h"
#include "plan/make_plan.h"
#include "scenario/parse.h"

using namespace rehang;

namespace {

void check_diagnostics(const Diagnostics& diagnostics, std::string_view text) {
    const auto lines = std::ranges::count(text, '\n') + 1;
    const auto before = [](const Diagnostic& a, const Diagnostic& b) {
        return std::tuple(a.at.line, a.at.column) < std::tuple(b.at.line, b.at.column);
    };
    REHANG_CHECK(std::ranges::is_sorted(diagnostics, before));
    for (const Diagnostic& diagnostic : diagnostics) {
        REHANG_CHECK(diagnostic.at.line >= 0 && diagnostic.at.line <= lines);
        REHANG_CHECK((diagnostic.at.line == 0) == (diagnostic.at.column == 0));
        REHANG_CHECK(!diagnostic.message.empty());
        REHANG_CHECK(format(diagnostic).starts_with(diagnostic.file));
    }
}

void check_plan(const Plan& plan) {
    REHANG_CHECK(!plan.processes.empty());
    for (const PlannedProcess& process : plan.processes)
        REHANG_CHECK(!process.argv.empty() && !process.argv[0].empty());
    for (const PlannedHold& hold : plan.holds) {
        REHANG_CHECK(hold.at < plan.points.size() && hold.until < plan.points.size() &&
                     hold.at != hold.until);
        REHANG_CHECK(hold.limit > Duration::zero());
    }
    for (const PlannedSyscallFault& fault : plan.syscall_faults) {
        REHANG_CHECK(!fault.calls.empty());
        REHANG_CHECK(fault.occurrence.from >= 1 && fault.occurrence.from <= fault.occurrence.to);
        REHANG_CHECK(fault.occurrence.every >= 1);
        for (const auto& point : {fault.window.after, fault.window.before, fault.effect.held_at})
            REHANG_CHECK(!point || *point < plan.points.size());
        REHANG_CHECK(!fault.window.while_held || *fault.window.while_held < plan.holds.size());
        REHANG_CHECK(fault.effect.writes.empty() || fault.effect.answer);
    }
    for (const PlannedPoint& point : plan.points) {
        REHANG_CHECK(point.nth >= 1);
        REHANG_CHECK(std::ranges::find(plan.processes, point.process.root, &PlannedProcess::name) !=
                     plan.processes.end());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const ParsedScenario parsed = parse_scenario(text, "fuzzed.toml");
    check_diagnostics(parsed.diagnostics, text);
    if (has_errors(parsed.diagnostics)) return 0;
    const Plans made = make_plans(parsed.scenario, {.set = {}, .targets = "/targets"});
    check_diagnostics(made.diagnostics, text);
    REHANG_CHECK(has_errors(made.diagnostics) == made.plans.empty());
    for (const Plan& plan : made.plans) check_plan(plan);
    return 0;
}
