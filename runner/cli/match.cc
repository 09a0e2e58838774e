// rehang match REPORT|SCENARIO BACKTRACE|REPORT: is what was reproduced the hang that was seen?
#include "match/compare.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/json_file.h"
#include "cli/load.h"
#include "cli/paths.h"
#include "cli/terminal.h"
#include "match/backtrace.h"
#include "match/match_text.h"
#include "replay/worker_pool.h"

namespace rehang {
namespace {

bool is_json(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{';
}

// All runs of a report that can be compared; of a report with none the first run.
Expected<std::vector<Sighting>> sightings_in(const std::string& file, const std::string& text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    const auto runs = json.is_object() ? json.find("runs") : json.end();
    if (!json.is_object() || runs == json.end() || !runs->is_array())
        return misuse(fmt::format("{} is no report of rehang", file),
                      "`rehang run … --json FILE` and `rehang diagnose … --json FILE` write one");
    std::vector<Sighting> sightings;
    for (const auto& run : *runs) {
        auto report = run_from_json(run);
        if (!report) return misuse(fmt::format("{}: {}", file, report.error().what), "");
        if (report->role != Role::control) sightings.push_back(sighting_of(*report));
    }
    if (sightings.empty()) return misuse(fmt::format("{} has no run of a scenario in it", file), "");
    return sightings;
}

// Each combination of its matrix, without the control.
Expected<std::vector<Sighting>> run_scenario(const std::string& scenario, const Arguments& arguments) {
    Arguments one;
    one.scenarios = {scenario};
    one.set = arguments.set;
    const LoadedScenarios loaded = load_scenarios(one);
    if (loaded.broken) return misuse(fmt::format("{} can't be run", scenario), "");
    std::vector<Job> jobs;
    for (const LoadedScenario& from : loaded.scenarios)
        for (size_t plan = 0; plan < from.prepared.plans.size(); ++plan) {
            if (from.prepared.plans[plan].role == Role::control) continue;
            Job job;
            job.file = from.file;
            job.set = from.set;
            job.targets = targets_folder();
            job.plan = plan;
            jobs.push_back(std::move(job));
        }
    std::vector<Sighting> sightings;
    Expected<void> failed;
    Progress progress(jobs.size(), arguments.quiet);
    auto end = run_jobs(jobs, {.workers = 1,
                               .on_result =
                                   [&](size_t, Expected<RunReport> result) {
                                       if (result) {
                                           sightings.push_back(sighting_of(*result));
                                           if (result->outcome == Outcome::unsupported)
                                               failed = unsupported(
                                                   fmt::format("{} can't be run here", scenario),
                                                   fmt::format("{}", fmt::join(result->notes, "; ")));
                                       } else {
                                           failed = std::unexpected(std::move(result.error()));
                                       }
                                       return failed.has_value();
                                   },
                               .on_standing = [](size_t, const RunReport&) { return OnStanding(); },
                               .on_tick = [&](size_t done) { progress.show(done); }});
    if (!end) return std::unexpected(std::move(end.error()));
    if (!failed) return std::unexpected(std::move(failed.error()));
    if (sightings.size() != jobs.size()) return failure("interrupted", 0);
    return sightings;
}

Expected<std::string> text_of(const std::string& file) {
    auto text = read_file(file == "-" ? "/dev/stdin" : file);
    if (!text) return misuse(std::move(text.error().what), "");
    return text;
}

Expected<std::vector<Sighting>> reproduced_in(const Arguments& arguments) {
    const std::string& word = arguments.reproduced;
    if (word.ends_with(".toml") || (!word.contains('/') && word != "-" && access(word.c_str(), F_OK) != 0))
        return run_scenario(word, arguments);
    auto text = text_of(word);
    if (!text) return std::unexpected(std::move(text.error()));
    return sightings_in(word, *text);
}

Expected<std::vector<Sighting>> seen_in(const std::string& file) {
    auto text = text_of(file);
    if (!text) return std::unexpected(std::move(text.error()));
    if (is_json(*text)) return sightings_in(file, *text);
    std::vector<Sighting> one = {read_backtrace(*text, std::string(file_name(file)))};
    if (one.front().processes.empty())
        return misuse(fmt::format("there is no stack in {}", file),
                      "what gdb's `thread apply all bt` prints is wanted, or a report of rehang");
    return one;
}

struct Best {
    const Sighting *reproduced = nullptr, *seen = nullptr;
    Comparison comparison;
};

// A report may have several runs: the pair that is most alike.
Best best_of(const std::vector<Sighting>& reproduced, const std::vector<Sighting>& seen) {
    Best best;
    for (const Sighting& a : reproduced)
        for (const Sighting& b : seen) {
            Comparison comparison = compare(a, b);
            const auto rank = [](const Comparison& c) { return std::pair(c.same, c.score); };
            if (best.reproduced && rank(comparison) <= rank(best.comparison)) continue;
            best = {.reproduced = &a, .seen = &b, .comparison = std::move(comparison)};
        }
    return best;
}

}  // namespace

ExitCode match(const Arguments& arguments) {
    // What was seen first: a scenario is not run for a file that can't be read.
    const auto seen = seen_in(arguments.seen);
    const auto reproduced = seen ? reproduced_in(arguments) : seen;
    if (!reproduced) {
        print_error(reproduced.error());
        return exit_code_of(reproduced.error());
    }
    auto json = OutputFile::open(arguments.json);
    if (!json) {
        print_error(json.error());
        return ExitCode::broken;
    }
    const Best best = best_of(*reproduced, *seen);
    if (arguments.json != "-") {
        const TextStyle style = stdout_style(arguments.quiet);
        const std::string text = arguments.quiet
                                     ? match_line(best.comparison, *best.reproduced, *best.seen, style)
                                     : render_match(best.comparison, *best.reproduced, *best.seen, style);
        if (!put(text)) return ExitCode::closed_output;
    }
    if (json->wanted()) {
        const auto document = match_json(best.comparison, *best.reproduced, *best.seen);
        if (auto written = json->write(dump(document, 2) + "\n"); !written) {
            if (arguments.json == "-") return ExitCode::closed_output;
            print_error(written.error());
            return ExitCode::failed;
        }
    }
    return best.comparison.same ? ExitCode::as_expected : ExitCode::differs;
}

}  // namespace rehang
