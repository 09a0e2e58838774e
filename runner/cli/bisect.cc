// rehang bisect SCENARIO --param NAME --versions SOURCE --good V --bad V: which version brought it?
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "bisect/judge_version.h"
#include "bisect/search.h"
#include "cli/bisect_each.h"
#include "cli/bisect_log.h"
#include "cli/bisect_oracle.h"
#include "cli/bisect_source.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "cli/terminal.h"
#include "report/text_layout.h"

namespace rehang {
namespace {

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
    Bisect(const Arguments& arguments, Source source, LogFile log)
        : arguments_(arguments),
          source_(std::move(source)),
          log_(std::move(log)),
          style_(stdout_style(arguments.quiet)),
          oracle_(arguments, style_, width()),
          search_(source_.history,
                  {.noise = arguments.noise, .confidence = arguments.confidence, .at_once = arguments.jobs}) {
    }

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

    // The version that is known to be bad shows what is looked for; the one that is known to be good must not
    // have it.
    std::optional<ExitCode> judge_ends() {
        auto made = make({arguments_.bad});
        if (!made) return made.error().code;
        if (made->front().value.empty()) {
            const MadeVersion& bad = unmade_[arguments_.bad];
            print_error({.kind = Error::Kind::usage,
                         .what = fmt::format("the bad version {} {}", arguments_.bad, bad.why_not),
                         .hint = fmt::format("{} has more", bad.log)});
            return ExitCode::broken;
        }
        for (size_t tries = 0; tries <= most_retries; ++tries) {
            auto bad = oracle_.run_once(made->front());
            if (!bad) return bad.error().code;
            reference_ = reference_of(*bad);
            // What is to be seen in the bad version is what the scenario expects.
            if (bad->as_expected) break;
            if (tries < most_retries) continue;
            print_error(
                {.kind = Error::Kind::usage,
                 .what = fmt::format("the bad version {} does not show the bug: {}", arguments_.bad,
                                     judge_run(*bad, reference_).text),
                 .hint = fmt::format("`rehang run {} --set {}={}` says more; are --good and --bad swapped?",
                                     arguments_.scenarios.front(), arguments_.param, made->front().value)});
            return ExitCode::broken;
        }
        for (const std::string* end : {&arguments_.bad, &arguments_.good}) {
            if (seen_.contains(*end)) continue;
            if (const auto stopped = ask_version(*end)) return stopped;
        }
        if (const auto stopped = doubt_good()) return *stopped;
        if (seen_[arguments_.good].judgement != Judgement::present) return std::nullopt;
        print_error({.kind = Error::Kind::usage,
                     .what = fmt::format("the good version {} has the bug, too", arguments_.good),
                     .hint = "choose an older one that does not have it"});
        return ExitCode::broken;
    }

    // A good version that shows the bug may be one of the judgements that are wrong so often: it is asked
    // again, until it is either as believable as it was at first, or as unbelievable.
    std::optional<ExitCode> doubt_good() {
        if (arguments_.noise <= 0) return std::nullopt;
        const double certain = std::log(arguments_.confidence / (1 - arguments_.confidence));
        const double step = std::log((1 - arguments_.noise) / arguments_.noise);
        for (double belief = certain;;) {
            const Judgement judgement = seen_[arguments_.good].judgement;
            if (judgement == Judgement::unknown) return std::nullopt;
            belief += judgement == Judgement::present ? -step : step;
            if (belief >= certain || belief <= -certain) return std::nullopt;
            if (const auto stopped = ask_version(arguments_.good)) return stopped;
        }
    }

    std::optional<ExitCode> ask_version(const std::string& version) { return ask_names({version}); }

    std::optional<ExitCode> ask(const std::vector<size_t>& wanted) {
        std::vector<std::string> names;
        for (const size_t index : wanted) names.push_back(source_.names[index]);
        ++rounds_;
        asked_ += names.size();
        return ask_names(names);
    }

    // Builds or unpacks them, where they have to be made; one that can't be made has no value.
    OrStopped<std::vector<Candidate>> make(const std::vector<std::string>& names) {
        std::vector<Candidate> candidates;
        for (const std::string& name : names) candidates.push_back({.name = name, .value = name});
        const auto made = make_versions(source_, names, arguments_.quiet);
        if (!made) {
            print_error(made.error());
            return std::unexpected(Stopped{exit_code_of(made.error())});
        }
        for (size_t i = 0; i < names.size(); ++i) {
            candidates[i].value = (*made)[i].value;
            if (candidates[i].value.empty()) unmade_[names[i]] = (*made)[i];
        }
        return candidates;
    }

    std::optional<ExitCode> ask_names(const std::vector<std::string>& names) {
        auto candidates = make(names);
        if (!candidates) return candidates.error().code;
        std::erase_if(*candidates, [](const Candidate& candidate) { return candidate.value.empty(); });
        auto runs = oracle_.judge(*candidates, reference_);
        if (!runs) return runs.error().code;
        for (const std::string& name : names)
            if (const auto stopped = tell((*runs)[name], name)) return stopped;
        return std::nullopt;
    }

    std::optional<ExitCode> tell(const VersionRuns& runs, const std::string& name) {
        const auto unmade = unmade_.find(name);
        const LoggedVersion version = {
            .version = name,
            .judgement = runs.judgement(arguments_.repeat).value_or(Judgement::unknown),
            .text = unmade == unmade_.end() ? runs.text() : unmade->second.reason(),
            .signature = runs.signature};
        if (auto written = log_.add(version); !written) {
            print_error(written.error());
            return ExitCode::failed;
        }
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
            text += wrapped(
                "", fmt::format("The {} version is one of these; those between could not be judged:", what),
                style_);
            std::vector<size_t> candidates = answer.candidates;
            std::ranges::sort(candidates);
            for (const size_t index : candidates)
                text += fmt::format("  {}  {}\n", padded(source_.shown[index], width()), evidence(index));
        }
        if (arguments_.noise > 0) text += fmt::format("  probability {:.3f}\n", answer.probability);
        return text + fmt::format("asked {} of {} versions in {} rounds, besides the two that were known\n",
                                  asked_, source_.names.size() - 2, rounds_);
    }

    const Arguments& arguments_;
    Source source_;
    LogFile log_;
    TextStyle style_;
    Oracle oracle_;
    Search search_;
    Reference reference_;
    std::map<std::string, LoggedVersion> seen_;
    std::map<std::string, MadeVersion> unmade_;
    size_t asked_ = 0, rounds_ = 0;
};

}  // namespace

ExitCode bisect(const Arguments& given) {
    Arguments arguments = given;
    if (const auto possible = can_bisect(arguments); !possible) {
        print_error(possible.error());
        return ExitCode::broken;
    }
    auto source = source_of(arguments);
    if (!source) {
        print_error(source.error());
        return exit_code_of(source.error());
    }
    if (arguments.each) {
        if (!arguments.quiet && !put(source->about)) return ExitCode::closed_output;
        return bisect_each(arguments, *source);
    }
    const Question question = {.scenario = arguments.scenarios.front(),
                               .param = arguments.param,
                               .find = arguments.find,
                               .versions = source->names,
                               .good = arguments.good,
                               .bad = arguments.bad};
    auto log = LogFile::open(arguments.log, question);
    if (!log) {
        print_error(log.error());
        return exit_code_of(log.error());
    }
    if (!arguments.quiet && !put(source->about)) return ExitCode::closed_output;
    return Bisect(arguments, std::move(*source), std::move(*log)).run();
}

}  // namespace rehang
