#include "replay/prepare.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "host/arm64_root.h"
#include "plan/breakpoints.h"
#include "scenario/parse.h"

namespace rehang {
namespace {

// A scenario and its control share most of their text, and so their mistakes: each is told once.
void sort_and_unite(Diagnostics& diagnostics) {
    const auto place = [](const Diagnostic& d) { return std::tie(d.at.line, d.at.column, d.message); };
    std::ranges::stable_sort(diagnostics, {}, place);
    const auto doubles = std::ranges::unique(diagnostics, {}, place);
    diagnostics.erase(doubles.begin(), doubles.end());
}

void append(Diagnostics& to, Diagnostics&& more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Prepared prepare(const std::string& file, const PlanInput& input) {
    ParsedScenario parsed = load_scenario(file);
    Prepared prepared = {
        .scenario = std::move(parsed.scenario), .plans = {}, .diagnostics = std::move(parsed.diagnostics)};
    if (!has_errors(prepared.diagnostics)) {
        PlanInput here = input;
        here.arm64_root = arm64_root();
        Plans made = make_plans(prepared.scenario, here);
        append(prepared.diagnostics, std::move(made.diagnostics));
        if (!has_errors(prepared.diagnostics)) prepared.plans = std::move(made.plans);
    }
    sort_and_unite(prepared.diagnostics);
    return prepared;
}

void check_symbols_of(Prepared& prepared, const Libraries& libraries) {
    for (const Plan& plan : prepared.plans) append(prepared.diagnostics, check_symbols(plan, libraries));
    sort_and_unite(prepared.diagnostics);
}

Expected<void> possible_here(const Plan& plan, const RequiredAbilities& host) {
    if (auto able = host.meet({.breakpoints = needs_breakpoints(plan)}); !able) return able;
    if (!plan.fakes.empty())
        if (auto able = require_notification(); !able) return able;
    for (const std::string& need : plan.needs)
        if (auto met = check_need(need); !met) return met;
    return {};
}

}  // namespace rehang
