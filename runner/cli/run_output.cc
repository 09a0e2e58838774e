#include "cli/run_output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "campaign/annotations.h"
#include "campaign/outcome_table.h"
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

bool wants_stdout(const Arguments& arguments) {
    return arguments.json == "-" || arguments.junit == "-" || arguments.markdown == "-";
}

bool on_github() {
    const char* const value = std::getenv("GITHUB_ACTIONS");
    return value && std::string_view(value) == "true";
}

Expected<OutputFiles> OutputFiles::open(const Arguments& arguments) {
    OutputFiles files;
    const std::array<std::pair<OutputFile*, const std::string*>, 4> wanted = {
        {{&files.json, &arguments.json},
         {&files.trace, &arguments.trace},
         {&files.junit, &arguments.junit},
         {&files.markdown, &arguments.markdown}}};
    for (const auto& [file, name] : wanted) {
        auto opened = OutputFile::open(*name);
        if (!opened) return std::unexpected(opened.error());
        *file = std::move(*opened);
    }
    return files;
}

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
    bug_ = bug_ || report.as_expected;
    // Another way to exit is a version without the bug; another crash or hang says nothing about this one.
    says_nothing_ = says_nothing_ || (!report.as_expected && report.outcome != Outcome::exited);
    const bool read = !options_.text || put(text_of(report));
    ++told_;
    summary_.add(report);
    tallies_.add(report);
    if (trace_.wanted()) traced_.push_back(report);
    return heard(json_.add(report)) && read && !enough();
}

bool RunOutput::tell(FailedRun failed) {
    code_ = worse(code_, failed.error.kind == Error::Kind::usage ? ExitCode::broken : ExitCode::failed);
    print_error(Error(failed.error)
                    .in(fmt::format("{} ({}, #{})", failed.scenario, to_text(failed.role), failed.repeat)));
    tallies_.add(failed);
    failures_.push_back(std::move(failed));
    return !enough();
}

std::string RunOutput::summary_text() const {
    if (!options_.text || options_.alone || told_ == 0) return "";
    std::string text = render_tables(outcome_tables(tallies_.all()), options_.style);
    text += (options_.quiet && text.empty() ? "" : "\n") + render_summary(summary_.groups(), options_.style);
    if (!failures_.empty())
        text += fmt::format("{} more gave no report: the runner failed\n", failures_.size());
    return text;
}

// Behind a summary that others may have begun.
Expected<void> add_to_github_summary(const std::vector<Tally>& tallies) {
    const char* const name = std::getenv("GITHUB_STEP_SUMMARY");
    if (!name || !*name) return {};
    std::ofstream file(name, std::ios::app);
    file << markdown_summary(tallies) << '\n' << markdown_tables(outcome_tables(tallies)) << std::flush;
    if (!file) return failure(fmt::format("can't write to {}", name));
    return {};
}

JUnitOrigin RunOutput::origin() const {
    utsname names = {};
    ::uname(&names);
    return {.hostname = names.nodename,
            .timestamp = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(began_)),
            .rehang = REHANG_VERSION};
}

bool RunOutput::write_all_together() {
    const std::vector<Tally>& tallies = tallies_.all();
    bool written = true;
    if (trace_.wanted()) written = heard(trace_.write(dump(trace_document(traced_), -1) + '\n')) && written;
    if (junit_.wanted()) written = heard(junit_.write(junit_xml(tallies, origin()))) && written;
    if (markdown_.wanted()) {
        const std::string tables = markdown_tables(outcome_tables(tallies));
        written = heard(markdown_.write(markdown_summary(tallies) + (tables.empty() ? "" : "\n" + tables))) &&
                  written;
    }
    if (!options_.github) return written;
    // On stdout, where it does not stand in the way of a report for programs.
    const std::string annotations = github_annotations(tallies);
    if (options_.text)
        written = put(annotations) && written;
    else
        fmt::print(stderr, "{}", annotations);
    return heard(add_to_github_summary(tallies)) && written;
}

bool RunOutput::finish() {
    const bool ended = heard(json_.finish(failures_));
    const bool written = write_all_together();
    const std::string text = summary_text();
    return (text.empty() || put(text)) && ended && written;
}

ExitCode RunOutput::for_git() const {
    if (!failures_.empty()) return ExitCode::stop_bisect;
    if (bug_) return ExitCode::differs;
    return says_nothing_ ? ExitCode::unsupported : ExitCode::as_expected;
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
