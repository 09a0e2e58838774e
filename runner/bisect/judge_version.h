// What runs of one version say: does it have the bug that is looked for? Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bisect/search.h"
#include "match/sighting.h"
#include "report/run_report.h"

namespace rehang {

// The bug that is looked for, as the version has it that is known to have it.
struct Reference {
    Outcome outcome{};
    Cause cause = Cause::unknown;
    int exit = 0, signal = 0;
    std::string signature;
    Sighting sighting;  // of a hang
};
Reference reference_of(const RunReport& run);

struct RunJudgement {
    bool bug = false;
    bool says_nothing = false;  // unmet, timeout, unsupported, or something else went wrong
    std::string text;           // "hung: inherited-lock", "hung: lock-cycle, which is another bug"
};
// The same bug: the same outcome, cause and signature; of a hang also one that a debugger's eye would take for the
// same (match/), because the next version's functions may have other names. Another crash or hang says nothing.
RunJudgement judge_run(const RunReport& run, const Reference& reference);

// All runs of one version so far.
struct VersionRuns {
    std::vector<RunJudgement> runs;
    std::string signature;  // of the first run that had the bug

    // One run with the bug is enough; without it, `repeat` runs that say something; nothing when it takes more.
    std::optional<Judgement> judgement(size_t repeat) const;
    std::string text() const;  // "hung: inherited-lock", "exited with 0 in 5 runs"
};

// So many runs that say nothing are made again, before a version is skipped.
constexpr size_t most_retries = 2;

}  // namespace rehang
