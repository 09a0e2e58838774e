#include "cli/run_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/load.h"
#include "cli/terminal.h"
#include "report/summary.h"

namespace rehang {
namespace {

ExitCode code_of(const RunReport& report) {
    if (report.as_expected) return ExitCode::as_expected;
    return report.outcome == Outcome::unsupported ? ExitCode::unsupported : ExitCode::differs;
}

}  // namespace

Expected<JsonFile> JsonFile::open(const std::string& name) {
    JsonFile file;
    file.name_ = name;
    if (name.empty() || name == "-") return file;
    file.fd_.reset(::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (file.fd_) return file;
    auto error = failure(fmt::format("can't write the report to {}", name));
    error.error().kind = Error::Kind::usage;
    return error;
}

Expected<void> JsonFile::write(const nlohmann::json& json, int indent) {
    if (name_.empty()) return {};
    std::string text = dump(json, indent) + '\n';
    if (name_ == "-") return put(text) ? Expected<void>() : failure("can't write the report to stdout");
    // Not all files can be cut (pipes, /dev/stdout); those that can must not keep the end of a longer, older
    // report.
    [[maybe_unused]] const int cut = ::ftruncate(fd_.get(), 0);
    for (std::string_view rest = text; !rest.empty();) {
        const ssize_t n = ::write(fd_.get(), rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failure(fmt::format("can't write the report to {}", name_));
        rest.remove_prefix(static_cast<size_t>(n));
    }
    return {};
}

nlohmann::json RunOutput::json() const {
    return document(runs_, failures_);
}

std::string RunOutput::text_of(const RunReport& report) {
    const bool good = report.as_expected;
    if (options_.quiet) return good ? "" : render_line(report, options_.style);
    const bool wanted = options_.verbose ? true
                        : good           ? options_.alone && runs_.empty()
                                         : told_in_full_.insert(group_name(report) + report.signature).second;
    // An empty line sets full reports apart from what follows.
    return wanted ? render(report, options_.style) + '\n' : render_line(report, options_.style);
}

bool RunOutput::tell(RunReport report) {
    code_ = worse(code_, code_of(report));
    const bool heard = !options_.text || put(text_of(report));
    runs_.push_back(std::move(report));
    return heard;
}

bool RunOutput::tell(FailedRun failed) {
    code_ = worse(code_, failed.error.kind == Error::Kind::usage ? ExitCode::broken : ExitCode::failed);
    print_error(Error(failed.error)
                    .in(fmt::format("{} ({}, #{})", failed.scenario, to_text(failed.role), failed.repeat)));
    failures_.push_back(std::move(failed));
    return true;
}

bool RunOutput::tell_summary() {
    if (!options_.text || options_.alone || runs_.empty()) return true;
    std::string text = (options_.quiet ? "" : "\n") + render_summary(group_runs(runs_), options_.style);
    if (!failures_.empty())
        text += fmt::format("{} more gave no report: the runner failed\n", failures_.size());
    return put(text);
}

}  // namespace rehang
