#include "cli/bisect_each.h"

#include <fmt/format.h>

#include <algorithm>

#include "bisect/judge_version.h"
#include "cli/bisect_oracle.h"
#include "cli/load.h"
#include "cli/terminal.h"
#include "report/text_layout.h"

namespace rehang {
namespace {

// Shown like a version with the bug, or without it: ✓ is what the scenario expects.
struct Seen {
    Judgement judgement = Judgement::absent;
    std::string text;
};

// Of several runs the first one that is not as expected.
OrStopped<Seen> run_version(const Oracle& oracle, const Candidate& candidate, unsigned repeat) {
    Seen seen;
    for (unsigned n = 1; n <= repeat; ++n) {
        const auto run = oracle.run_once(candidate);
        if (!run) return std::unexpected(run.error());
        const RunJudgement judged = judge_run(*run, reference_of(*run));
        seen.text = judged.text;
        if (run->as_expected) continue;
        seen.judgement = judged.says_nothing ? Judgement::unknown : Judgement::present;
        seen.text += fmt::format(", not as expected{}", repeat > 1 ? fmt::format(" (run {})", n) : "");
        break;
    }
    return seen;
}

}  // namespace

ExitCode bisect_each(const Arguments& arguments, const Source& source) {
    size_t width = 0;
    for (const std::string& shown : source.shown) width = std::max(width, columns_of(shown));
    const Oracle oracle(arguments, stdout_style(arguments.quiet), width);
    ExitCode worst = ExitCode::as_expected;
    for (size_t i = 0; i < source.names.size(); ++i) {
        const std::string& name = source.names[i];
        const auto made = make_versions(source, {name}, arguments.quiet);
        if (!made) {
            print_error(made.error());
            return exit_code_of(made.error());
        }
        Seen seen{.judgement = Judgement::unknown, .text = made->front().reason()};
        if (!made->front().value.empty()) {
            auto ran = run_version(oracle, {.name = name, .value = made->front().value}, arguments.repeat);
            if (!ran) return ran.error().code;
            seen = std::move(*ran);
        }
        if (seen.judgement != Judgement::absent) worst = ExitCode::differs;
        if (!oracle.tell({.version = name, .judgement = seen.judgement, .text = seen.text, .signature = {}},
                         source.shown[i], false))
            return ExitCode::closed_output;
    }
    return worst;
}

}  // namespace rehang
