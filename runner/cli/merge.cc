#include "campaign/merge.h"

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/report_files.h"
#include "cli/run_output.h"
#include "cli/terminal.h"

namespace rehang {
namespace {

Expected<Merged> read_and_merge(const std::vector<std::string>& names) {
    std::vector<ReportFile> files;
    for (const std::string& name : names) {
        auto file = read_report_file(name);
        if (!file) return std::unexpected(file.error());
        files.push_back(std::move(*file));
    }
    return merge(std::move(files));
}

// Every run and failure, as if it had just come. Errors: one that can't be read.
Expected<bool> tell_all(const nlohmann::json& document, RunOutput& output) {
    bool heard = true;
    for (const nlohmann::json& json : document["runs"]) {
        const auto run = run_from_json(json);
        if (!run) return std::unexpected(run.error());
        heard = output.tell(*run) && heard;
    }
    for (const nlohmann::json& json : document.value("failures", nlohmann::json::array())) {
        auto failed = failure_from_json(json);
        if (!failed) return std::unexpected(failed.error());
        heard = output.tell(std::move(*failed)) && heard;
    }
    return heard;
}

}  // namespace

ExitCode merge_reports(const Arguments& arguments) {
    auto files = OutputFiles::open(arguments);
    const auto merged = read_and_merge(arguments.reports);
    if (!files || !merged) {
        print_error(files ? merged.error() : files.error());
        return ExitCode::broken;
    }
    if (arguments.only_missing) {
        const std::string again = ranges_text(merged->again);
        if (!again.empty() && !put(again + "\n")) return ExitCode::closed_output;
        return again.empty() ? ExitCode::as_expected : ExitCode::failed;
    }
    RunOutput output({.style = stdout_style(arguments.quiet),
                      .text = !wants_stdout(arguments),
                      .quiet = true,
                      .github = on_github()},
                     std::move(*files), {.planned = merged->document["planned"].get<size_t>()});
    const auto heard = tell_all(merged->document, output);
    if (!heard) {
        print_error(heard.error());
        return ExitCode::broken;
    }
    const bool finished = output.finish();
    for (const std::string& missing : merged->missing) fmt::print(stderr, "rehang: {}\n", missing);
    if (!merged->missing.empty())
        fmt::print(stderr, "  run what is missing again with its --shard, and merge again\n");
    const ExitCode code =
        merged->missing.empty() ? output.exit_code() : worse(output.exit_code(), ExitCode::failed);
    return *heard && finished ? code : ExitCode::closed_output;
}

}  // namespace rehang
