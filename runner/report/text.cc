#include "report/text.h"

#include <fmt/format.h>

#include <sys/wait.h>
#include <algorithm>

#include "base/names.h"
#include "report/describe.h"
#include "report/text_layout.h"
#include "report/text_sections.h"
#include "report/timeline.h"

namespace rehang {
namespace {

std::string mark(const RunReport& report, const TextStyle& style) {
    if (report.as_expected) return painted("✓", Tone::good, style);
    if (report.outcome == Outcome::unsupported) return painted("–", Tone::warn, style);
    return painted("✗", Tone::bad, style);
}

std::string name_text(const RunReport& report, const TextStyle& style) {
    std::string text = painted(report.scenario, Tone::title, style);
    text += painted(params_text(report.params), Tone::faint, style);
    if (report.role == Role::control) text += " (control)";
    if (style.numbered) text += fmt::format(" #{}", report.repeat);
    return text;
}

// The last line of a report: what its reader would want to do now.
std::string next_step(const RunReport& report) {
    switch (report.outcome) {
        case Outcome::unmet:
            return "compare the order above with the scenario's points; `limit` of the [[hold]] gives a slow "
                   "program more time";
        case Outcome::timeout:
            return "if the program is only slow, raise `timeout` under [scenario]; otherwise the doubts "
                   "above say what is not understood";
        case Outcome::unsupported:
            return "`rehang doctor` says what this host lacks and how to get it";
        case Outcome::hung:
        case Outcome::exited:
        case Outcome::signaled:
        case Outcome::running:
            break;
    }
    if (report.as_expected)
        return fmt::format(
            "`rehang run {} --json -` has every detail, `--repeat 100` shows that it is no luck",
            report.file);
    return fmt::format("`rehang run {} --keep` keeps what the targets wrote and left in their folders",
                       report.file);
}

std::string ended_by(int signal) {
    return fmt::format("ended by {}", signal_name(signal));
}

}  // namespace

std::string verdict_text(const RunReport& report) {
    switch (report.outcome) {
        case Outcome::hung:
            return fmt::format("hung: {}, {}", to_text(report.cause),
                               report.proven ? "proven" : "not proven");
        case Outcome::exited:
            return report.exit ? fmt::format("exited with {}", *report.exit) : "exited";
        case Outcome::signaled:
            return report.signal ? ended_by(*report.signal) : "signaled";
        case Outcome::timeout:
            return "timeout: neither an end nor a proof";
        case Outcome::unmet:
            return "unmet: the order was not reached";
        case Outcome::unsupported:
            return "unsupported: can't run here";
        case Outcome::running:
            return "not stuck";
    }
    return "?";
}

std::string state_text(const DiagnosedProcess& process) {
    if (!process.exit_status) return process.state;
    const int status = *process.exit_status;
    if (WIFEXITED(status)) return fmt::format("{}, exited with {}", process.state, WEXITSTATUS(status));
    return fmt::format("{}, {}", process.state, ended_by(WTERMSIG(status)));
}

std::string params_text(const Params& params) {
    std::string text;
    for (const auto& [name, value] : params) text += fmt::format(" {}={}", name, value);
    return text;
}

std::string render_line(const RunReport& report, const TextStyle& style) {
    return fmt::format("{} {}  {}  {:.0f} ms\n", mark(report, style), name_text(report, style),
                       verdict_text(report), report.timings_ms.total);
}

std::string render(const RunReport& report, const TextStyle& style) {
    std::string verdict = verdict_text(report);
    const bool any_reached = std::ranges::any_of(
        report.points, [](const PointReport& point) { return point.reached_ms.has_value(); });
    if (report.outcome == Outcome::hung && report.proven)
        verdict += fmt::format(" {:.1f} ms after the {}", report.timings_ms.proof,
                               any_reached ? "last point" : "start");
    std::string text =
        fmt::format("{} {}  {}  {}\n", mark(report, style), name_text(report, style), verdict,
                    painted(fmt::format("(total {:.0f} ms)", report.timings_ms.total), Tone::faint, style));
    // "expected hung, but it is unsupported" would tell nothing: the notes say what is missing.
    if (report.outcome != Outcome::unsupported) text += mismatch_section(report, style);
    text += unmet_section(report, style);
    text += processes_section(report, style);
    text += why_section(report, style);
    text += stacks_section(report, style);
    text += order_section(report, style);
    text += faults_section(report, style);
    text += fakes_section(report, style);
    text += qmp_section(report, style);
    if (style.timeline) text += timeline_section(report, style);
    text += output_section(report, style);
    text += looking_section(report, style);
    return text + '\n' + wrapped("next: ", next_step(report), style);
}

}  // namespace rehang
