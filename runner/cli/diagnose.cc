// rehang diagnose PID…: what a tree that runs already waits for.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/json_file.h"
#include "cli/load.h"
#include "cli/terminal.h"
#include "diagnose/proc_files.h"
#include "live/access.h"
#include "live/live_tree.h"
#include "live/roots.h"
#include "report/text_diagnosis.h"

namespace rehang {
namespace {

volatile bool interrupted = false;

void note_interruption(int) {
    interrupted = true;
}

// Without SA_RESTART: a nap ends at once.
void catch_interruptions() {
    struct sigaction action = {};
    action.sa_handler = note_interruption;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

std::string title_of(const std::vector<pid_t>& pids) {
    std::vector<std::string> names;
    for (const pid_t pid : pids) {
        const auto stat = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", pid)));
        names.push_back(fmt::format("{} (pid {})", stat ? stat->comm : "?", pid));
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

LiveTree::Answer watch(LiveTree& tree, const Arguments& arguments) {
    constexpr auto at_a_time = std::chrono::milliseconds(250);
    if (!arguments.watch) return tree.look(at_a_time, interrupted);
    Progress progress(0, arguments.quiet);
    auto answer = LiveTree::Answer::not_stuck;
    while (answer == LiveTree::Answer::not_stuck && !interrupted) {
        answer = tree.look(at_a_time, interrupted);
        progress.show("not stuck yet");
    }
    return answer;
}

}  // namespace

ExitCode diagnose(const Arguments& arguments) {
    for (const pid_t pid : arguments.pids)
        if (auto may = may_look_into(pid); !may) {
            print_error(may.error());
            return exit_code_of(may.error());
        }
    auto opened = OutputFile::open(arguments.json);
    if (!opened) {
        print_error(opened.error());
        return ExitCode::broken;
    }
    JsonFile json_file(std::move(*opened));
    const auto tree_kind = parse_tree(arguments.tree);
    elf::Files files;
    const std::string title = title_of(arguments.pids);
    LiveTree tree(roots_of(arguments.pids, tree_kind.value_or(Tree::below)), title, files);
    catch_interruptions();
    const auto answer = watch(tree, arguments);
    const RunReport report = tree.report();
    if (arguments.json != "-") {
        const TextStyle style = stdout_style(arguments.quiet);
        if (!put(arguments.quiet ? diagnosis_line(report, style) : render_diagnosis(report, style)))
            return ExitCode::closed_output;
    }
    auto written = json_file.add(report);
    if (written) written = json_file.finish({});
    if (!written) {
        if (arguments.json == "-") return ExitCode::closed_output;
        print_error(written.error());
        return ExitCode::failed;
    }
    if (answer != LiveTree::Answer::stuck && interrupted) return ExitCode::interrupted;
    return report.outcome == Outcome::hung ? ExitCode::differs : ExitCode::as_expected;
}

}  // namespace rehang
