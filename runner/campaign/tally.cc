#include "campaign/tally.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "report/describe.h"
#include "report/text.h"

namespace rehang {
namespace {

std::string trouble_of(const RunReport& run) {
    if (!run.mismatches.empty()) return run.mismatches.front();
    if (run.outcome == Outcome::unsupported && !run.notes.empty()) return run.notes.front();
    return verdict_text(run);
}

// As in verdicts, but without what is the same in all of them.
std::string outcome_of(const RunReport& run) {
    if (run.outcome == Outcome::hung) return fmt::format("hung: {}", to_text(run.cause));
    return verdict_text(run);
}

}  // namespace

std::string Tally::outcome_text() const {
    if (outcomes.empty()) return failed > 0 ? "failed" : "";
    if (outcomes.size() == 1 && failed == 0) return outcomes.begin()->first;
    std::vector<std::pair<std::string, size_t>> often_first(outcomes.begin(), outcomes.end());
    std::ranges::stable_sort(often_first, std::greater(), &std::pair<std::string, size_t>::second);
    if (failed > 0) often_first.emplace_back("failed", failed);
    std::vector<std::string> texts;
    for (const auto& [outcome, times] : often_first) texts.push_back(fmt::format("{} {}", outcome, times));
    return fmt::format("{}", fmt::join(texts, ", "));
}

std::string Tally::name() const {
    return scenario + params_text(params) + (role == Role::control ? " (control)" : "");
}

Tally& Tallies::of(const std::string& file, const std::string& scenario, const Params& params, Role role) {
    const auto found = std::ranges::find_if(all_, [&](const Tally& t) {
        return t.role == role && t.scenario == scenario && t.file == file && t.params == params;
    });
    if (found != all_.end()) return *found;
    Tally tally;
    tally.file = file;
    tally.scenario = scenario;
    tally.params = params;
    tally.role = role;
    return all_.emplace_back(std::move(tally));
}

void Tallies::add(const RunReport& run) {
    Tally& tally = of(run.file, run.scenario, run.params, run.role);
    ++tally.runs;
    tally.total_ms += run.timings_ms.total;
    ++tally.outcomes[outcome_of(run)];
    if (run.as_expected) {
        ++tally.as_expected;
        return;
    }
    if (run.outcome == Outcome::unsupported) ++tally.unsupported;
    if (!tally.trouble.empty()) return;
    tally.trouble = trouble_of(run);
    tally.details = render(run, {});
}

void Tallies::add(const FailedRun& run) {
    Tally& tally = of(run.file, run.scenario, run.params, run.role);
    ++tally.failed;
    if (!tally.trouble.empty()) return;
    tally.trouble = run.error.what;
    tally.details = run.error.hint;
}

}  // namespace rehang
