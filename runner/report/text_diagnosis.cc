#include "report/text_diagnosis.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/text_layout.h"
#include "report/text_sections.h"

namespace rehang {
namespace {

bool is_partly(const RunReport& report) {
    return std::ranges::any_of(report.processes, [](const DiagnosedProcess& process) {
        return std::ranges::any_of(process.threads, [](const DiagnosedThread& thread) {
            return !thread.stuck && thread.wait.kind != WaitKind::exited;
        });
    });
}

std::string verdict(const RunReport& report) {
    switch (report.outcome) {
        case Outcome::hung:
            return fmt::format("{}stuck: {}, proven", is_partly(report) ? "partly " : "",
                               to_text(report.cause));
        case Outcome::exited:
            return "not stuck: it has ended";
        default:
            return "not stuck, as far as can be proven";
    }
}

bool others_are_hidden(const RunReport& report) {
    return std::ranges::any_of(
        report.doubts, [](const std::string& doubt) { return doubt.contains("only root may look into"); });
}

std::string next_step(const RunReport& report) {
    if (report.outcome == Outcome::hung)
        return "`--json -` has every detail; the sentences under \"Why\" can go into a bug report as they "
               "are";
    if (report.outcome == Outcome::exited) return "if its parent hangs, diagnose that one";
    if (others_are_hidden(report)) return "as root more can be proven: `sudo rehang diagnose …`";
    return "`--watch` looks until it is stuck; `--tree=related` looks at those, too, that it is connected to";
}

}  // namespace

std::string diagnosis_line(const RunReport& report, const TextStyle& style) {
    const bool hung = report.outcome == Outcome::hung;
    return fmt::format("{} {}  {}  {}\n", painted(hung ? "✗" : "✓", hung ? Tone::bad : Tone::good, style),
                       painted(report.scenario, Tone::title, style), verdict(report),
                       painted(fmt::format("({:.0f} ms)", report.timings_ms.total), Tone::faint, style));
}

std::string render_diagnosis(const RunReport& report, const TextStyle& style) {
    std::string text = diagnosis_line(report, style);
    text += processes_section(report, style);
    text += why_section(report, style);
    text += stacks_section(report, style);
    return text + '\n' + wrapped("next: ", next_step(report), style);
}

}  // namespace rehang
