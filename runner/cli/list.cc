#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/paths.h"
#include "cli/terminal.h"
#include "host/host.h"
#include "report/text_layout.h"

namespace rehang {
namespace {

struct Entry {
    std::string name, summary, expected, needs, here;
    bool runs = false;
};

std::string expected_text(const Expectation& expect) {
    std::string text(to_text(expect.outcome));
    if (expect.cause) text += fmt::format(": {}", to_text(*expect.cause));
    return text;
}

Entry describe(const std::string& file, const RequiredAbilities& host) {
    const Prepared prepared = prepare(file, {.set = {}, .targets = targets_folder(), .seed = 0});
    if (prepared.plans.empty())
        return {.name = file,
                .summary = {},
                .expected = {},
                .needs = {},
                .here = fmt::format("broken: rehang check {}", file)};
    const Plan& plan = prepared.plans.front();
    Expected<void> possible = possible_here(plan, host);
    return {
        .name = plan.scenario,
        .summary = prepared.scenario.summary.value,
        .expected = expected_text(plan.expect),
        .needs = plan.needs.empty() ? "nothing" : fmt::format("{}", fmt::join(plan.needs, ", ")),
        .here = possible ? "yes" : fmt::format("no: {}. {}", possible.error().what, possible.error().hint),
        .runs = possible.has_value()};
}

std::string entry_text(const Entry& entry, const TextStyle& style) {
    std::string text = painted(entry.name, Tone::title, style) + '\n';
    if (!entry.summary.empty())
        text += wrapped("  ", entry.summary, style) +
                fmt::format("  expected  {}\n  needs     {}\n", entry.expected, entry.needs);
    return text + wrapped("  runs here ", entry.here, style);
}

}  // namespace

ExitCode list(const Arguments& arguments) {
    const auto files = scenarios_in(arguments.folder.empty() ? catalogue_folder() : arguments.folder);
    if (!files) {
        print_error(files.error());
        return ExitCode::broken;
    }
    const TextStyle style = stdout_style(false);
    const RequiredAbilities host;
    ExitCode code = ExitCode::as_expected;
    for (const std::string& file : *files) {
        const Entry entry = describe(file, host);
        if (entry.summary.empty()) code = ExitCode::broken;
        if (!put(entry_text(entry, style) + '\n')) return ExitCode::closed_output;
    }
    return code;
}

}  // namespace rehang
