#include "plan/plan_fakes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/suggest.h"
#include "devices/models.h"
#include "plan/resolved.h"

namespace rehang {
namespace {

fakes::Settings settings_of(const FakeDecl& fake) {
    fakes::Settings settings;
    for (const auto& [name, value] : fake.settings) settings.emplace_back(name.value, value.value);
    return settings;
}

bool check_model(const FakeDecl& fake, Problems& problems) {
    const auto models = fakes::model_names();
    if (std::ranges::find(models, fake.model.value) != models.end()) return true;
    problems.error(
        fake.model.at,
        fmt::format("there is no model \"{}\"{}", fake.model.value, did_you_mean(fake.model.value, models)),
        models.empty() ? "" : fmt::format("known are: {}", fmt::join(models, ", ")));
    return false;
}

void check_its_settings(const FakeDecl& fake, Problems& problems) {
    for (const fakes::SettingProblem& problem : fakes::check_settings(fake.model.value, settings_of(fake))) {
        const auto& [name, value] = fake.settings.at(problem.setting);
        problems.error(problem.of_name ? name.at : value.at, problem.message, problem.hint);
    }
}

// Some process sees both.
bool meet(const FakeDecl& one, const FakeDecl& other) {
    if (one.device.value != other.device.value) return false;
    if (!one.process || !other.process) return true;
    const ProcessPath here = path_of(*one.process), there = path_of(*other.process);
    return here.within(there) || there.within(here);
}

void check_first(const FakeDecl& fake, const std::vector<FakeDecl>& all, Problems& problems) {
    for (const FakeDecl& earlier : all) {
        if (&earlier == &fake) return;
        if (!meet(earlier, fake)) continue;
        return problems.error(fake.device.at, fmt::format("there is a fake {} already, in line {}",
                                                          fake.device.value, earlier.device.at.line));
    }
}

}  // namespace

void check_fakes(const Scenario& scenario, Problems& problems) {
    if (problems.found_any()) return;  // their processes may be no places at all
    for (const FakeDecl& fake : scenario.fakes) {
        check_first(fake, scenario.fakes, problems);
        if (check_model(fake, problems)) check_its_settings(fake, problems);
    }
}

void plan_fakes(const Scenario& scenario, Plan& plan) {
    for (const FakeDecl& fake : scenario.fakes) {
        PlannedFake planned{.name = fake.name.value_or(fake.device).value,
                            .process = {},
                            .device = fake.device.value,
                            .model = fake.model.value,
                            .settings = settings_of(fake),
                            .strict = fake.strict};
        if (fake.process) planned.process = path_of(*fake.process);
        plan.fakes.push_back(std::move(planned));
    }
}

}  // namespace rehang
