// rehang bisect SCENARIO --param NAME --versions SOURCE --good V --bad V: which version brought it?
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/files.h"
#include "base/unique_fd.h"
#include "bisect/builds.h"
#include "bisect/git_history.h"
#include "bisect/judge_version.h"
#include "bisect/log.h"
#include "bisect/search.h"
#include "bisect/versions.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "cli/paths.h"
#include "cli/terminal.h"
#include "host/cache_folder.h"
#include "replay/worker_pool.h"
#include "report/text_layout.h"

namespace rehang {
namespace {

std::unexpected<Error> misuse(std::string what, std::string hint) {
    return std::unexpected(
        Error{.kind = Error::Kind::usage, .what = std::move(what), .hint = std::move(hint)});
}

// What stops a bisect that is under way.
struct Stopped {
    ExitCode code;
};
template <class T>
using OrStopped = std::expected<T, Stopped>;

// The file of --log: what was known before, and what is found out now.
class Log {
  public:
    static Expected<Log> open(const std::string& name, const Question& question) {
        Log log;
        if (name.empty()) return log;
        log.file_.reset(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0644));
        if (!log.file_) {
            auto error = failure(fmt::format("can't write to {}", name));
            error.error().kind = Error::Kind::usage;
            return error;
        }
        const auto text = read_file(name);
        if (!text) return std::unexpected(text.error());
        auto known = read_log(*text, name, question);
        if (!known) return std::unexpected(known.error());
        log.known_ = std::move(*known);
        // A line that was broken off is written again.
        const size_t whole = text->rfind('\n') == std::string::npos ? 0 : text->rfind('\n') + 1;
        if (whole < text->size() && ::ftruncate(log.file_.get(), static_cast<off_t>(whole)) != 0)
            return failure(fmt::format("can't write to {}", name));
        if (whole == 0) log.write(to_line(question));
        return log;
    }

    const std::vector<LoggedVersion>& known() const { return known_; }
    void write(const std::string& line) {
        if (file_) [[maybe_unused]]
            const auto n = ::write(file_.get(), line.data(), line.size());
    }

  private:
    UniqueFd file_;
    std::vector<LoggedVersion> known_;
};

// The versions in question, the older one of --good and --bad first, the newer one last.
struct Source {
    std::vector<std::string> names;
    std::vector<std::string> shown;  // the same for people
    History history;
    std::optional<Builds> builds;  // of commits: the parameter's value is what was built

    size_t index_of(const std::string& name) const {
        return static_cast<size_t>(std::ranges::find(names, name) - names.begin());
    }
};

// A version and the value that the parameter has for it.
struct Candidate {
    std::string name, value;
};

// Runs versions, and prints what they say.
class Oracle {
  public:
    Oracle(const Arguments& arguments, TextStyle style, size_t name_width)
        : arguments_(arguments), style_(style), name_width_(name_width) {}

    // The scenario's first run with this version, whatever it says.
    OrStopped<RunReport> run_once(const Candidate& candidate) {
        std::optional<RunReport> report;
        auto ran = run_all({candidate}, [&](const std::string&, RunReport run) { report = std::move(run); });
        if (!ran) return std::unexpected(ran.error());
        return std::move(*report);
    }

    // Runs of these versions until each has its judgement.
    OrStopped<std::map<std::string, VersionRuns>> judge(const std::vector<Candidate>& candidates,
                                                        const Reference& reference) {
        std::map<std::string, VersionRuns> results;
        for (;;) {
            std::vector<Candidate> undecided;
            for (const Candidate& candidate : candidates)
                if (!results[candidate.name].judgement(arguments_.repeat)) undecided.push_back(candidate);
            if (undecided.empty()) return results;
            auto ran = run_all(undecided, [&](const std::string& version, const RunReport& run) {
                VersionRuns& runs = results[version];
                runs.runs.push_back(judge_run(run, reference));
                if (runs.runs.back().bug && runs.signature.empty()) runs.signature = run.signature;
            });
            if (!ran) return std::unexpected(ran.error());
        }
    }

    [[nodiscard]] bool tell(const LoggedVersion& version, const std::string& shown, bool from_log) const {
        const auto [mark, tone] = version.judgement == Judgement::present  ? std::pair("✗", Tone::bad)
                                  : version.judgement == Judgement::absent ? std::pair("✓", Tone::good)
                                                                           : std::pair("?", Tone::warn);
        const std::string skipped = version.judgement == Judgement::unknown ? ", skipped" : "";
        return put(fmt::format("{} {}  {}{}{}\n", painted(mark, tone, style_), padded(shown, name_width_),
                               version.text, skipped,
                               from_log ? painted("  (from the log)", Tone::faint, style_) : ""));
    }

  private:
    template <class OnRun>
    OrStopped<void> run_all(const std::vector<Candidate>& candidates, OnRun on_run) {
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
            jobs, {.workers = std::min<unsigned>(std::max(1U, arguments_.jobs), static_cast<unsigned>(jobs.size())),
                   .on_result =
                       [&](size_t index, Expected<RunReport> result) {
                           if (result)
                               on_run(names[index], std::move(*result));
                           else
                               failed = std::move(result.error());
                           return !failed;
                       },
                   .on_standing = [](size_t, const RunReport&) { return OnStanding(); },
                   .on_tick =
                       [&](size_t) { progress.show(fmt::format("running {}", fmt::join(names, ", "))); }});
        if (!end) failed = end.error();
        if (failed) {
            print_error(*failed);
            return std::unexpected(Stopped{ExitCode::failed});
        }
        if (*end == PoolEnd::interrupted) return std::unexpected(Stopped{ExitCode::interrupted});
        return {};
    }

    // The scenario with this version; its control says nothing about a version.
    OrStopped<Job> job_for(const std::string& value) {
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

    const Arguments& arguments_;
    TextStyle style_;
    size_t name_width_;
};

bool finds_fix(const Arguments& arguments) {
    return arguments.find == "fix";
}

// Also replaces --good and --bad by the commits that they name.
Expected<Source> commits_of(Arguments& arguments, const std::string& repository) {
    if (arguments.build.empty() || arguments.artifact.empty())
        return misuse("commits have to be built", "--build 'make libx.so' --artifact libx.so");
    std::string& older = finds_fix(arguments) ? arguments.bad : arguments.good;
    std::string& newer = finds_fix(arguments) ? arguments.good : arguments.bad;
    auto commits = commits_between(repository, older, newer);
    if (!commits) return std::unexpected(commits.error());
    if (commits->ids.size() < 2) return misuse("--good and --bad are the same commit", "they have to differ");
    older = commits->ids.front();
    newer = commits->ids.back();
    auto builds = Builds::open(repository, arguments.build, arguments.artifact, cache_folder() + "/rehang/builds");
    if (!builds) return std::unexpected(builds.error());
    Source source{.names = commits->ids, .shown = {}, .history = commits->history, .builds = std::move(*builds)};
    for (const std::string& id : source.names) {
        auto name = short_name(repository, id);
        if (!name) return std::unexpected(name.error());
        source.shown.push_back(std::move(*name));
    }
    return source;
}

Expected<Source> source_of(Arguments& arguments) {
    constexpr std::string_view git = "git:";
    if (arguments.versions.starts_with(git)) return commits_of(arguments, arguments.versions.substr(git.size()));
    auto versions = read_versions(arguments.versions);
    if (!versions) return std::unexpected(versions.error());
    if (arguments.good == arguments.bad) return misuse("--good and --bad are the same version", "they have to differ");
    const std::string& older = finds_fix(arguments) ? arguments.bad : arguments.good;
    const std::string& newer = finds_fix(arguments) ? arguments.good : arguments.bad;
    const auto first = std::ranges::find(*versions, older), last = std::ranges::find(*versions, newer);
    for (const auto& [place, name] : {std::pair(first, older), std::pair(last, newer)})
        if (place == versions->end())
            return misuse(fmt::format("--versions has no {}", name),
                          fmt::format("it has {}", fmt::join(*versions, ", ")));
    if (first > last)
        return finds_fix(arguments)
                   ? misuse("the good version comes before the bad one, so there is no fix between them",
                            "leave --find fix out to look for the version that brought the bug")
                   : misuse("the bad version comes before the good one",
                            "--find fix looks for the version that mended it; or are --good and --bad swapped?");
    const std::vector<std::string> names(first, last + 1);
    return Source{.names = names, .shown = names, .history = History::list(names.size()), .builds = {}};
}

Expected<void> can_bisect(const Arguments& arguments) {
    const LoadedScenarios loaded = load_scenarios(arguments);
    if (loaded.broken) return misuse("the scenario can't be run", "`rehang check` has its mistakes");
    if (loaded.scenarios.size() != 1)
        return misuse(fmt::format("bisect wants one scenario, not {}", loaded.scenarios.size()), "");
    const auto& params = loaded.scenarios.front().prepared.scenario.params;
    std::vector<std::string> names;
    for (const auto& param : params) names.push_back(param.name.value);
    if (std::ranges::find(names, arguments.param) == names.end())
        return misuse(fmt::format("the scenario has no parameter {}", arguments.param),
                      names.empty() ? "[params] gives it one: the versions are its values"
                                    : fmt::format("it has {}", fmt::join(names, ", ")));
    return {};
}

// Whether a version has the change that is looked for, by whether it has the bug.
Judgement change_of(Judgement bug, const Arguments& arguments) {
    if (!finds_fix(arguments) || bug == Judgement::unknown) return bug;
    return bug == Judgement::present ? Judgement::absent : Judgement::present;
}

class Bisect {
  public:
    Bisect(const Arguments& arguments, Source source, Log log)
        : arguments_(arguments),
          source_(std::move(source)),
          log_(std::move(log)),
          style_(stdout_style(arguments.quiet)),
          oracle_(arguments, style_, width()),
          search_(source_.history,
                  {.noise = arguments.noise, .confidence = arguments.confidence, .at_once = arguments.jobs}) {}

    ExitCode run() {
        for (const LoggedVersion& version : log_.known())
            if (!take(version, true)) return ExitCode::closed_output;
        if (const auto stopped = judge_ends()) return *stopped;
        for (auto wanted = search_.next(); !wanted.empty(); wanted = search_.next())
            if (const auto stopped = ask(wanted)) return *stopped;
        return put(result()) ? found() : ExitCode::closed_output;
    }

  private:
    size_t width() const {
        size_t most = 0;
        for (const std::string& shown : source_.shown) most = std::max(most, columns_of(shown));
        return most;
    }

    bool take(const LoggedVersion& version, bool from_log) {
        const size_t index = source_.index_of(version.version);
        seen_[version.version] = version;
        search_.told(index, change_of(version.judgement, arguments_));
        return oracle_.tell(version, source_.shown[index], from_log);
    }

    // The version that is known to be bad shows what is looked for; the one that is known to be good must not have it.
    std::optional<ExitCode> judge_ends() {
        auto built = build({arguments_.bad});
        if (!built) return built.error().code;
        if (built->front().value.empty()) {
            print_error({.kind = Error::Kind::usage,
                         .what = fmt::format("the bad version {} does not build", arguments_.bad),
                         .hint = fmt::format("what the build wrote is in {}", log_of_build_)});
            return ExitCode::broken;
        }
        for (size_t tries = 0; tries <= most_retries; ++tries) {
            auto bad = oracle_.run_once(built->front());
            if (!bad) return bad.error().code;
            reference_ = reference_of(*bad);
            // What is to be seen in the bad version is what the scenario expects.
            if (bad->as_expected) break;
            if (tries < most_retries) continue;
            print_error({.kind = Error::Kind::usage,
                         .what = fmt::format("the bad version {} does not show the bug: {}", arguments_.bad,
                                             judge_run(*bad, reference_).text),
                         .hint = fmt::format("`rehang run {} --set {}={}` says more; are --good and --bad swapped?",
                                             arguments_.scenarios.front(), arguments_.param, arguments_.bad)});
            return ExitCode::broken;
        }
        for (const std::string* end : {&arguments_.bad, &arguments_.good}) {
            if (seen_.contains(*end)) continue;
            if (const auto stopped = ask_version(*end)) return stopped;
        }
        if (seen_[arguments_.good].judgement != Judgement::present) return std::nullopt;
        print_error({.kind = Error::Kind::usage,
                     .what = fmt::format("the good version {} has the bug, too", arguments_.good),
                     .hint = "choose an older one that does not have it"});
        return ExitCode::broken;
    }

    std::optional<ExitCode> ask_version(const std::string& version) { return ask_names({version}); }

    std::optional<ExitCode> ask(const std::vector<size_t>& wanted) {
        std::vector<std::string> names;
        for (const size_t index : wanted) names.push_back(source_.names[index]);
        ++rounds_;
        asked_ += names.size();
        return ask_names(names);
    }

    // Builds them where they have to be built; one that does not build has no value.
    OrStopped<std::vector<Candidate>> build(const std::vector<std::string>& names) {
        std::vector<Candidate> candidates;
        for (const std::string& name : names) candidates.push_back({.name = name, .value = name});
        if (!source_.builds) return candidates;
        Progress progress(names.size(), arguments_.quiet);
        progress.show(fmt::format("building {}", fmt::join(names, ", ")));
        const auto builds = source_.builds->of(names);
        if (!builds) {
            print_error(builds.error());
            return std::unexpected(Stopped{ExitCode::failed});
        }
        for (size_t i = 0; i < names.size(); ++i) {
            candidates[i].value = (*builds)[i].artifact;
            log_of_build_ = (*builds)[i].log;
            if (candidates[i].value.empty()) unbuilt_[names[i]] = (*builds)[i].log;
        }
        return candidates;
    }

    std::optional<ExitCode> ask_names(const std::vector<std::string>& names) {
        auto candidates = build(names);
        if (!candidates) return candidates.error().code;
        std::erase_if(*candidates, [](const Candidate& candidate) { return candidate.value.empty(); });
        auto runs = oracle_.judge(*candidates, reference_);
        if (!runs) return runs.error().code;
        for (const std::string& name : names)
            if (const auto stopped = tell((*runs)[name], name)) return stopped;
        return std::nullopt;
    }

    std::optional<ExitCode> tell(const VersionRuns& runs, const std::string& name) {
        const LoggedVersion version = {.version = name,
                                       .judgement = runs.judgement(arguments_.repeat).value_or(Judgement::unknown),
                                       .text = unbuilt_.contains(name)
                                                   ? fmt::format("does not build: {}", unbuilt_[name])
                                                   : runs.text(),
                                       .signature = runs.signature};
        log_.write(to_line(version));
        if (!take(version, false)) return ExitCode::closed_output;
        return std::nullopt;
    }

    ExitCode found() const {
        return search_.answer().candidates.size() == 1 ? ExitCode::as_expected : ExitCode::differs;
    }

    std::string evidence(size_t version) const {
        const auto seen = seen_.find(source_.names[version]);
        if (seen == seen_.end()) return "not asked";
        const std::string signature =
            seen->second.signature.empty() ? "" : fmt::format(", signature {}", seen->second.signature);
        return seen->second.text + signature;
    }

    std::string result() const {
        const Search::Answer answer = search_.answer();
        const std::string what = finds_fix(arguments_) ? "first fixed" : "first bad";
        std::string text = "\n";
        if (answer.candidates.size() == 1) {
            const size_t first = answer.candidates.front();
            text += fmt::format("{}  {}\n", painted(what, Tone::title, style_), source_.shown[first]);
            text += fmt::format("  it      {}\n", evidence(first));
            for (const size_t before : source_.history.parents(first))
                text += fmt::format("  before  {}: {}\n", source_.shown[before], evidence(before));
            for (const size_t after : source_.history.children(first))
                text += fmt::format("  after   {}: {}\n", source_.shown[after], evidence(after));
        } else {
            text += wrapped("", fmt::format("The {} version is one of these; those between could not be judged:", what),
                            style_);
            std::vector<size_t> candidates = answer.candidates;
            std::ranges::sort(candidates);
            for (const size_t index : candidates)
                text += fmt::format("  {}  {}\n", padded(source_.shown[index], width()), evidence(index));
        }
        if (arguments_.noise > 0) text += fmt::format("  probability {:.3f}\n", answer.probability);
        return text + fmt::format("asked {} of {} versions in {} rounds, besides the two that were known\n", asked_,
                                  source_.names.size() - 2, rounds_);
    }

    const Arguments& arguments_;
    Source source_;
    Log log_;
    TextStyle style_;
    Oracle oracle_;
    Search search_;
    Reference reference_;
    std::map<std::string, LoggedVersion> seen_;
    std::map<std::string, std::string> unbuilt_;  // and what their builds wrote
    std::string log_of_build_;
    size_t asked_ = 0, rounds_ = 0;
};

}  // namespace

ExitCode bisect(const Arguments& given) {
    Arguments arguments = given;
    auto source = source_of(arguments);
    if (!source) {
        print_error(source.error());
        return source.error().kind == Error::Kind::failed ? ExitCode::failed : ExitCode::broken;
    }
    if (const auto possible = can_bisect(arguments); !possible) {
        print_error(possible.error());
        return ExitCode::broken;
    }
    const Question question = {.scenario = arguments.scenarios.front(),
                               .param = arguments.param,
                               .find = arguments.find,
                               .versions = source->names,
                               .good = arguments.good,
                               .bad = arguments.bad};
    auto log = Log::open(arguments.log, question);
    if (!log) {
        print_error(log.error());
        return log.error().kind == Error::Kind::usage ? ExitCode::broken : ExitCode::failed;
    }
    return Bisect(arguments, std::move(*source), std::move(*log)).run();
}

}  // namespace rehang
