#include "plan/make_plan.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "base/suggest.h"
#include "plan/breakpoints.h"
#include "plan/plan_fakes.h"
#include "plan/put_in_params.h"
#include "plan/resolve.h"
#include "scenario/checks.h"
#include "scenario/names_of.h"
#include "scenario/problems.h"
#include "scenario/references.h"

namespace rehang {

std::string_view to_text(Role role) {
    switch (role) {
        case Role::scenario:
            return "scenario";
        case Role::control:
            return "control";
        case Role::diagnosis:
            return "diagnosis";
    }
    return "?";
}

std::string EntersGuestFunction::text() const {
    return fmt::format("guest:{}!{}", module, symbol);
}

std::string CodePlace::text() const {
    const std::string prefix = module.empty() ? "" : module + "!";
    if (const auto* symbol = std::get_if<std::string>(&where)) return prefix + *symbol;
    if (const auto* line = std::get_if<SourceLine>(&where))
        return fmt::format("{}{}:{}", prefix, line->source, line->line);
    return fmt::format("{}+{:#x}", module, std::get<CodeOffset>(where).value);
}

namespace {

// Values given on the command line have no place in the file.
constexpr Span command_line = {};

void check_set(const Scenario& scenario, const Params& set, Problems& problems) {
    const auto known = names_of(scenario.params);
    for (const auto& [name, value] : set) {
        if (std::ranges::find(known, name) == known.end())
            problems.error(command_line, fmt::format("--set {}: there is no parameter \"{}\"{}", name, name,
                                                     did_you_mean(name, known)));
        const auto references = find_references(value);
        if (!references)
            problems.error(command_line, fmt::format("--set {}: {}", name, references.error()));
        else
            for (const std::string& reference : *references)
                if (std::ranges::find(builtin_params(), reference) == builtin_params().end())
                    problems.error(command_line,
                                   fmt::format("--set {}: there is no built-in parameter \"{}\"{}", name,
                                               reference, did_you_mean(reference, builtin_params())));
    }
}

// The parameters of each run: [params], then one value of each axis of the [matrix], then --set. The first
// axis turns slowest.
std::vector<Params> combinations(const Scenario& scenario, const Params& set) {
    Params defaults;
    for (const ParamDecl& param : scenario.params) defaults[param.name.value] = param.value.value;
    for (const auto& [name, value] : set) defaults[name] = value;
    std::vector<Params> all = {defaults};
    for (const MatrixAxis& axis : scenario.matrix) {
        if (set.contains(axis.name.value)) continue;
        std::vector<Params> longer;
        for (const Params& params : all) {
            for (const Text& value : axis.values) {
                longer.push_back(params);
                longer.back()[axis.name.value] = value.value;
            }
        }
        all = std::move(longer);
    }
    return all;
}

bool is_used_by_faults(const PointDecl& point, const std::vector<FaultDecl>& faults) {
    const auto is_it = [&](const std::optional<Text>& name) {
        return name && name->value == point.name.value;
    };
    return std::ranges::any_of(faults, [&](const FaultDecl& fault) {
        return fault.call &&
               (is_it(fault.call->after) || is_it(fault.call->before) || is_it(fault.call->hold));
    });
}

bool fits(const ExpectForDecl& other, const Params& params) {
    return std::ranges::all_of(other.params, [&](const auto& wanted) {
        const auto& [name, patterns] = wanted;
        const std::string& value = params.at(name.value);
        return std::ranges::any_of(patterns, [&](const Text& pattern) {
            return ::fnmatch(pattern.value.c_str(), value.c_str(), 0) == 0;
        });
    });
}

// With what is expected of a run with these parameters.
Scenario as_expected_with(const Params& params, const Scenario& scenario) {
    Scenario run = scenario;
    const auto other = std::ranges::find_if(
        scenario.expect_for, [&](const ExpectForDecl& candidate) { return fits(candidate, params); });
    if (other != scenario.expect_for.end()) run.expect = other->expect;
    run.expect_for.clear();
    return run;
}

// The scenario without the bug's condition.
Scenario as_control(const Scenario& scenario, const ControlDecl& control) {
    Scenario without = scenario;
    const auto dropped = [&](const Text& name) {
        return std::ranges::find(control.drop, name.value, &Text::value) != control.drop.end();
    };
    std::erase_if(without.holds, [&](const HoldDecl& hold) { return dropped(hold.name.value_or(hold.at)); });
    std::erase_if(without.fork_order, [&](const ForkOrderDecl& order) { return dropped(order.process); });
    std::erase_if(without.faults, [&](const FaultDecl& fault) { return dropped(fault.name); });
    std::erase_if(without.fakes, [&](const FakeDecl& fake) { return fake.name && dropped(*fake.name); });
    // The points that these faults reach: check_names has seen that nothing else uses them.
    std::erase_if(without.points,
                  [&](const PointDecl& point) { return point.fault && dropped(*point.fault); });
    // A thread stops for a moment at a guest's point, in whatever lock it is: none that only these holds
    // need.
    const auto named_by = [&](const std::vector<HoldDecl>& holds, const PointDecl& point) {
        return std::ranges::any_of(holds, [&](const HoldDecl& hold) {
            return hold.at.value == point.name.value || hold.until.value == point.name.value;
        });
    };
    std::erase_if(without.points, [&](const PointDecl& point) {
        return point.enter && point.enter->value.starts_with("guest:") && named_by(scenario.holds, point) &&
               !named_by(without.holds, point) && !is_used_by_faults(point, without.faults);
    });
    without.expect = control.expect;
    without.expect_for.clear();
    without.control.reset();
    return without;
}

Params with_set(Params params, const ControlDecl& control) {
    for (const auto& [name, value] : control.set) params[name.value] = value.value;
    return params;
}

class Planner {
  public:
    Planner(const Scenario& scenario, const PlanInput& input, Problems& problems)
        : scenario_(scenario),
          seed_(input.seed),
          builtin_{.targets = input.targets, .scenario_dir = scenario.folder, .arm64_root = input.arm64_root},
          problems_(problems) {}

    void add_run_and_control(const Params& params) {
        add(Role::scenario, as_expected_with(params, scenario_), params);
        if (scenario_.control)
            add(Role::control, as_control(scenario_, *scenario_.control),
                with_set(params, *scenario_.control));
    }

    std::vector<Plan> take() && { return std::move(plans_); }

  private:
    void add(Role role, const Scenario& scenario, const Params& params) {
        const auto [ready, used_folders] = put_in_params(scenario, params, builtin_);
        Problems found(scenario.file);
        check_values(ready, Stage::with_params, found);
        check_holds(ready, Stage::with_params, found);
        check_fakes(ready, found);
        if (!found.found_any()) {
            Plan plan = resolve(ready);
            plan.role = role;
            plan.params = params;
            plan.seed = seed_;
            plan.sandbox.visible = used_folders;
            check_breakpoints(plan, found);
            plans_.push_back(std::move(plan));
        }
        problems_.add(std::move(found).take());
    }

    const Scenario& scenario_;
    std::uint64_t seed_;
    BuiltinParams builtin_;
    Problems& problems_;
    std::vector<Plan> plans_;
};

}  // namespace

Plans make_plans(const Scenario& scenario, const PlanInput& input) {
    Problems problems(scenario.file);
    check_set(scenario, input.set, problems);
    check_names(scenario, problems);
    if (problems.found_any()) return {.plans = {}, .diagnostics = std::move(problems).take()};
    Planner planner(scenario, input, problems);
    for (const Params& params : combinations(scenario, input.set)) planner.add_run_and_control(params);
    if (problems.found_any()) return {.plans = {}, .diagnostics = std::move(problems).take()};
    return {.plans = std::move(planner).take(), .diagnostics = {}};
}

}  // namespace rehang
