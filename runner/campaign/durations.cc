#include "campaign/durations.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/json.h"

namespace rehang {
namespace {

std::string key_of(const std::string& scenario, Role role, const Params& params) {
    return fmt::format("{}\n{}\n{}", scenario, to_text(role), dump(nlohmann::json(params), -1));
}

}  // namespace

Durations::Durations(const nlohmann::json& document) {
    const auto runs = document.is_object() ? document.find("runs") : document.end();
    if (runs == document.end()) return;
    for (const nlohmann::json& json : *runs) {
        const auto run = run_from_json(json);
        // A run that could not be is over at once, and says nothing about those that can.
        if (!run || run->outcome == Outcome::unsupported) continue;
        const double ms = run->timings_ms.total;
        exact_[key_of(run->scenario, run->role, run->params)].add(ms);
        by_scenario_[run->scenario].add(ms);
        all_.add(ms);
    }
}

double Durations::expected_ms(const std::string& scenario, Role role, const Params& params) const {
    const auto exact = exact_.find(key_of(scenario, role, params));
    if (exact != exact_.end()) return exact->second.value();
    const auto similar = by_scenario_.find(scenario);
    return similar != by_scenario_.end() ? similar->second.value() : all_.value();
}

}  // namespace rehang
