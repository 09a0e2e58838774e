#include "bisect/judge_version.h"

#include <fmt/format.h>

#include <algorithm>

#include "match/compare.h"
#include "report/describe.h"

namespace rehang {

Reference reference_of(const RunReport& run) {
    return {.outcome = run.outcome,
            .cause = run.cause,
            .exit = run.exit.value_or(-1),
            .signal = run.signal.value_or(0),
            .signature = run.signature,
            .sighting = sighting_of(run)};
}

namespace {

bool same_bug(const RunReport& run, const Reference& reference) {
    if (run.outcome != reference.outcome) return false;
    switch (run.outcome) {
        case Outcome::hung:
            return run.signature == reference.signature ||
                   (run.cause == reference.cause && compare(reference.sighting, sighting_of(run)).same);
        case Outcome::signaled:
            return run.signal.value_or(0) == reference.signal;
        case Outcome::exited:
            return run.exit.value_or(-1) == reference.exit;
        default:
            return false;
    }
}

std::string text_of(const RunReport& run) {
    if (run.outcome == Outcome::hung) return fmt::format("hung: {}", to_text(run.cause));
    const bool impossible = std::ranges::any_of(run.unmet, &UnmetHold::impossible);
    return verdict_text(run) +
           (impossible && run.outcome == Outcome::exited ? ", its order is impossible" : "");
}

}  // namespace

RunJudgement judge_run(const RunReport& run, const Reference& reference) {
    const std::string text = text_of(run);
    switch (run.outcome) {
        case Outcome::unmet:
        case Outcome::timeout:
        case Outcome::unsupported:
        case Outcome::running:
            return {.bug = false, .says_nothing = true, .text = text};
        case Outcome::exited:
        case Outcome::signaled:
        case Outcome::hung:
            break;
    }
    if (same_bug(run, reference)) return {.bug = true, .says_nothing = false, .text = text};
    if (run.outcome == Outcome::exited) return {.bug = false, .says_nothing = false, .text = text};
    return {.bug = false, .says_nothing = true, .text = text + ", which is another bug"};
}

std::optional<Judgement> VersionRuns::judgement(size_t repeat) const {
    if (std::ranges::any_of(runs, &RunJudgement::bug)) return Judgement::present;
    const auto nothing = static_cast<size_t>(std::ranges::count_if(runs, &RunJudgement::says_nothing));
    if (nothing > most_retries) return Judgement::unknown;
    if (runs.size() - nothing >= repeat) return Judgement::absent;
    return std::nullopt;
}

std::string VersionRuns::text() const {
    const auto bug = std::ranges::find_if(runs, &RunJudgement::bug);
    const auto last = bug != runs.end() || runs.empty() ? bug : runs.end() - 1;
    if (last == runs.end()) return "not run";
    return runs.size() == 1 ? last->text : fmt::format("{} (run {})", last->text, last - runs.begin() + 1);
}

}  // namespace rehang
