#include "cli/run_output.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/load.h"
#include "cli/terminal.h"
#include "report/trace_json.h"

namespace rehang {
namespace {

ExitCode code_of(const RunReport& report) {
    if (report.as_expected) return ExitCode::as_expected;
    return report.outcome == Outcome::unsupported ? ExitCode::unsupported : ExitCode::differs;
}

}  // namespace

std::string RunOutput::text_of(const RunReport& report) {
    const bool good = report.as_expected;
    if (options_.quiet) return good ? "" : render_line(report, options_.style);
    const bool wanted = options_.verbose ? true
                        : good           ? options_.alone && told_ == 0
                                         : told_in_full_.insert(group_name(report) + report.signature).second;
    // An empty line sets full reports apart from what follows.
    return wanted ? render(report, options_.style) + '\n' : render_line(report, options_.style);
}

bool RunOutput::tell(const RunReport& report) {
    code_ = worse(code_, code_of(report));
    const bool read = !options_.text || put(text_of(report));
    ++told_;
    summary_.add(report);
    if (trace_.wanted()) traced_.push_back(report);
    return heard(json_.add(report)) && read;
}

bool RunOutput::tell(FailedRun failed) {
    code_ = worse(code_, failed.error.kind == Error::Kind::usage ? ExitCode::broken : ExitCode::failed);
    print_error(Error(failed.error)
                    .in(fmt::format("{} ({}, #{})", failed.scenario, to_text(failed.role), failed.repeat)));
    failures_.push_back(std::move(failed));
    return true;
}

bool RunOutput::finish() {
    bool written = heard(json_.finish(failures_));
    if (trace_.wanted()) written = heard(trace_.write(dump(trace_document(traced_), -1) + '\n')) && written;
    if (!options_.text || options_.alone || told_ == 0) return written;
    std::string text = (options_.quiet ? "" : "\n") + render_summary(summary_.groups(), options_.style);
    if (!failures_.empty())
        text += fmt::format("{} more gave no report: the runner failed\n", failures_.size());
    return put(text) && written;
}

// A reader of stdout that went is no failure, and needs no words.
bool RunOutput::heard(Expected<void> written) {
    if (written) return true;
    if (options_.text) {
        print_error(written.error());
        code_ = worse(code_, ExitCode::failed);
    }
    return false;
}

}  // namespace rehang
