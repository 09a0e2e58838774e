#include "cli/bisect_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/load.h"
#include "cli/paths.h"
#include "cli/terminal.h"
#include "replay/worker_pool.h"
#include "report/text_layout.h"

namespace rehang {

OrStopped<RunReport> Oracle::run_once(const Candidate& candidate) const {
    std::optional<RunReport> report;
    auto ran = run_all({candidate}, [&](const std::string&, RunReport run) { report = std::move(run); });
    if (!ran) return std::unexpected(ran.error());
    return std::move(*report);
}

OrStopped<std::map<std::string, VersionRuns>> Oracle::judge(const std::vector<Candidate>& candidates,
                                                            const Reference& reference) const {
    std::map<std::string, VersionRuns> results;
    for (;;) {
        std::vector<Candidate> undecided;
        for (const Candidate& candidate : candidates)
            if (!results[candidate.name].judgement(arguments_.repeat)) undecided.push_back(candidate);
        if (undecided.empty()) return results;
        auto ran = run_all(undecided, [&](const std::string& version, const RunReport& run) {
            VersionRuns& runs = results[version];
            runs.runs.push_back(judge_run(run, reference));
            if (runs.runs.back().bug && run.outcome == Outcome::hung && runs.signature.empty())
                runs.signature = run.signature;
        });
        if (!ran) return std::unexpected(ran.error());
    }
}

bool Oracle::tell(const LoggedVersion& version, const std::string& shown, bool from_log) const {
    const auto [mark, tone] = version.judgement == Judgement::present  ? std::pair("✗", Tone::bad)
                              : version.judgement == Judgement::absent ? std::pair("✓", Tone::good)
                                                                       : std::pair("?", Tone::warn);
    const std::string skipped = version.judgement == Judgement::unknown ? ", skipped" : "";
    return put(fmt::format("{} {}  {}{}{}\n", painted(mark, tone, style_), padded(shown, name_width_),
                           version.text, skipped,
                           from_log ? painted("  (from the log)", Tone::faint, style_) : ""));
}

OrStopped<void> Oracle::run_all(const std::vector<Candidate>& candidates, const OnRun& on_run) const {
    std::vector<Job> jobs;
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates) {
        names.push_back(candidate.name);
        auto job = job_for(candidate.value);
        if (!job) return std::unexpected(job.error());
        jobs.push_back(std::move(*job));
    }
    Progress progress(jobs.size(), arguments_.quiet);
    std::optional<Error> failed;
    const auto end = run_jobs(
        jobs,
        {.workers = std::min<unsigned>(std::max(1U, arguments_.jobs), static_cast<unsigned>(jobs.size())),
         .on_result =
             [&](size_t index, Expected<RunReport> result) {
                 if (result)
                     on_run(names[index], std::move(*result));
                 else
                     failed = std::move(result.error());
                 return !failed;
             },
         .on_standing = [](size_t, const RunReport&) { return OnStanding(); },
         .on_tick = [&](size_t) { progress.show(fmt::format("running {}", fmt::join(names, ", "))); }});
    if (!end) failed = end.error();
    if (failed) {
        print_error(*failed);
        return std::unexpected(Stopped{ExitCode::failed});
    }
    if (*end == PoolEnd::interrupted) return std::unexpected(Stopped{ExitCode::interrupted});
    return {};
}

// The scenario with this version; its control says nothing about a version.
OrStopped<Job> Oracle::job_for(const std::string& value) const {
    Arguments one = arguments_;
    one.set.push_back(arguments_.param + "=" + value);
    const LoadedScenarios loaded = load_scenarios(one);
    if (loaded.broken) return std::unexpected(Stopped{ExitCode::broken});
    const LoadedScenario& scenario = loaded.scenarios.front();
    const auto plan = std::ranges::find(scenario.prepared.plans, Role::scenario, &Plan::role);
    return Job{.file = scenario.file,
               .set = scenario.set,
               .targets = targets_folder(),
               .seed = arguments_.seed,
               .plan = static_cast<size_t>(plan - scenario.prepared.plans.begin()),
               .repeat = 1,
               .keep = {},
               .core = {}};
}

}  // namespace rehang
