#include "cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>

#include "base/suggest.h"
#include "cli/commands.h"
#include "replay/worker.h"

namespace rehang {
namespace {

using Bind = void (*)(CLI::App&, Arguments&);

// ---- flags and arguments, each said once ----

void scenarios(CLI::App& app, Arguments& to) {
    app.add_option("SCENARIO", to.scenarios, "scenario files, folders of them, or names from the catalogue")
        ->required();
}
void set(CLI::App& app, Arguments& to) {
    app.add_option("--set", to.set, "give a parameter of the scenario another value; may be repeated")
        ->type_name("K=V")
        ->expected(1)
        ->take_all();
}
void repeat(CLI::App& app, Arguments& to) {
    app.add_option("--repeat", to.repeat, "run each scenario and its control N times, and compare the runs")
        ->type_name("N")
        ->check(CLI::Range(1U, 1'000'000U));
}
void jobs(CLI::App& app, Arguments& to) {
    app.add_option("--jobs", to.jobs, "run N at a time")->type_name("N")->check(CLI::Range(1U, 1024U));
}
void seed(CLI::App& app, Arguments& to) {
    app.add_option("--seed", to.seed,
                   "what faults with a probability are decided by: the same number, the same decisions")
        ->type_name("N");
}
void json(CLI::App& app, Arguments& to) {
    app.add_option("--json", to.json,
                   "write a report for programs (docs/report.md); - for stdout, instead of the text")
        ->type_name("FILE|-");
}
void trace(CLI::App& app, Arguments& to) {
    app.add_option("--trace", to.trace,
                   "write what happened when, for ui.perfetto.dev or chrome://tracing (docs/report.md)")
        ->type_name("FILE");
}
void verbose(CLI::App& app, Arguments& to) {
    app.add_flag("-v,--verbose", to.verbose, "tell every run in full, with a timeline");
}
void keep(CLI::App& app, Arguments& to) {
    app.add_flag("--keep", to.keep,
                 "keep what the targets wrote in ./rehang-kept/NAME-ROLE-REPEAT, and leave those that did "
                 "not end alive "
                 "for an hour");
}
void core(CLI::App& app, Arguments& to) {
    app.add_flag(
        "--core", to.core,
        "write core files of targets that did not end to ./rehang-kept/NAME-ROLE-REPEAT (needs gdb)");
}
void gdb(CLI::App& app, Arguments& to) {
    app.add_flag(
        "--gdb", to.gdb,
        "open gdb at a hang, on the thread that the others wait for; one run at a time, not for controls");
}
void quiet(CLI::App& app, Arguments& to) {
    app.add_flag("-q,--quiet", to.quiet,
                 "only what did not come out as expected, and the summary; no colour, no progress");
}
void folder(CLI::App& app, Arguments& to) {
    app.add_option("DIR", to.folder,
                   "a folder of scenarios (default: ./scenarios, else those that came with rehang)");
}
void pids(CLI::App& app, Arguments& to) {
    app.add_option("PID", to.pids, "process ids; all their descendants are looked at, too")
        ->required()
        ->check(CLI::Range(1, 1 << 22));
}
void tree(CLI::App& app, Arguments& to) {
    app.add_option(
           "--tree", to.tree,
           "look at more: `ancestor` begins at the topmost ancestor in the same session (without a "
           "terminal's shell), `related` adds who has a pipe or socket in common with them, and so on")
        ->type_name("ancestor|related")
        ->check(CLI::IsMember({"ancestor", "related"}));
}
void watch(CLI::App& app, Arguments& to) {
    app.add_flag("--watch", to.watch, "go on looking until it is stuck or has ended; Ctrl-C ends that");
}
void only_the_verdict(CLI::App& app, Arguments& to) {
    app.add_flag("-q,--quiet", to.quiet, "one line with the verdict; no colour, no progress");
}
void parent(CLI::App& app, Arguments& to) {
    app.add_option("--parent", to.parent)->required();
}

void device(CLI::App& app, Arguments& to) {
    app.add_option("DEVICE", to.device, "the device file whose ioctls are recorded: /dev/ptmx, /dev/rtc0")
        ->required();
}
void output(CLI::App& app, Arguments& to) {
    app.add_option(
           "-o,--output", to.output,
           "where the description goes; - for stdout (default: the device's name with .device.toml, here)")
        ->type_name("FILE|-");
}
void reproduced(CLI::App& app, Arguments& to) {
    app.add_option("REPORT|SCENARIO", to.reproduced,
                   "a report of `run --json` or `diagnose --json`, or a scenario, which is run for it")
        ->required();
}
void seen(CLI::App& app, Arguments& to) {
    app.add_option("BACKTRACE|REPORT", to.seen,
                   "what gdb's `thread apply all bt` printed, of one process or of several; or another "
                   "report; - for stdin")
        ->required();
}
void hang(CLI::App& app, Arguments& to) {
    app.add_option(
           "PID|BACKTRACE", to.seen,
           "a process that hangs, or a file with what gdb's `thread apply all bt` printed; - for stdin")
        ->required();
}
void scenario_file(CLI::App& app, Arguments& to) {
    app.add_option("-o,--output", to.output, "where the scenario goes (default: stdout)")->type_name("FILE");
}
void only_yes_or_no(CLI::App& app, Arguments& to) {
    app.add_flag("-q,--quiet", to.quiet, "one line with the answer; no colour, no progress");
}
void command(CLI::App& app, Arguments& to) {
    app.add_option("COMMAND", to.command, "what uses the device, with its arguments, behind --")->required();
}

// ---- commands ----

ExitCode work(const Arguments& arguments) {
    return ExitCode{serve_jobs(arguments.parent)};
}

constexpr auto exit_codes =
    "Exit status: 0 every scenario came out as expected; 1 at least one did not; 2 usage or a broken\n"
    "scenario (nothing was run); 3 the runner itself failed; 125 can't run on this host; 130 interrupted.\n"
    "With several scenarios 3 goes before 2, 2 before 1, 1 before 125, 125 before 0.";

constexpr auto diagnose_exit_codes =
    "Exit status: 0 not stuck, or ended; 1 stuck: proven, at least some of its threads can never go on;\n"
    "2 usage, or no such process; 3 rehang itself failed; 125 this user may not look into it: which\n"
    "permission is missing is said on stderr; 130 interrupted.";

constexpr auto match_exit_codes =
    "Exit status: 0 the same hang; 1 another one, or none; 2 usage, or a file that can't be read as what it\n"
    "is to be; 3 rehang itself failed; 125 the scenario can't run here.";

struct Command {
    const char* name;
    const char* summary;
    std::vector<Bind> takes;
    const char* examples;
    ExitCode (*carry_out)(const Arguments&);
    const char* exit_status = exit_codes;
};

const std::vector<Command>& commands() {
    static const std::vector<Command> table = {
        {"run",
         "replay scenarios and their controls, and say what came out and why",
         {scenarios, set, repeat, jobs, seed, json, trace, keep, core, gdb, verbose, quiet},
         "Examples:\n"
         "  rehang run scenarios/allocator/daemonize-with-tcmalloc-threads.toml\n"
         "  rehang run daemonize-with-tcmalloc-threads      the same, by its name in the catalogue\n"
         "  rehang run scenarios --jobs 2                   a whole folder, two at a time\n"
         "  rehang run x.toml --repeat 200 --quiet          is it the same hang every time?\n"
         "  rehang run x.toml --gdb                         look at the hang itself\n"
         "  rehang run x.toml --trace x.json                what happened when: open it in ui.perfetto.dev\n"
         "  rehang run x.toml --set tcmalloc=/opt/lib/libtcmalloc.so.4 --json report.json",
         &run},
        {"check",
         "validate scenarios without running them; every mistake with its place and a suggestion",
         {scenarios, set},
         "Examples:\n"
         "  rehang check x.toml\n"
         "  rehang check scenarios",
         &check},
        {"list",
         "the catalogue: name, summary, expected outcome, needs, and whether it can run here",
         {folder},
         "Examples:\n"
         "  rehang list\n"
         "  rehang list my-scenarios",
         &list},
        {"diagnose",
         "what a process tree that runs already waits for, whether it can ever go on, and why not",
         {pids, tree, json, watch, only_the_verdict},
         "Nothing is stopped or changed. Stuck is only what is proven: whoever else on the machine could be "
         "at\n"
         "the other end is looked for, and a wait that is not understood counts as one that may end.\n\n"
         "Examples:\n"
         "  rehang diagnose 4711                      the process and all its descendants\n"
         "  sudo rehang diagnose 4711                 of another user, also inside a container\n"
         "  rehang diagnose 4711 --tree related       and everybody at the other ends of its pipes\n"
         "  rehang diagnose 4711 --watch --json -     a report as soon as it is stuck\n"
         "  rehang diagnose $(pidof myserver) --quiet && echo fine",
         &diagnose,
         diagnose_exit_codes},
        {"match",
         "is what was reproduced the hang that somebody saw, in a debugger or in another report?",
         {reproduced, seen, set, json, only_yes_or_no},
         "Examples:\n"
         "  rehang match report.json backtrace.txt               which threads agree, and in which frames\n"
         "  rehang match localtime-lock-at-fork backtrace.txt    runs the scenario first\n"
         "  rehang match mine.json theirs.json --quiet           two reports\n"
         "  gdb -batch -p 4711 -ex 'thread apply all bt' | rehang match report.json -",
         &match,
         match_exit_codes},
        {"scaffold",
         "write a first scenario for a hang that is seen live or in a backtrace",
         {hang, scenario_file},
         "Processes, points and holds as far as they follow from the stacks, and what is expected; TODO is "
         "what\n"
         "is to be found out. Nothing is stopped or changed.\n\n"
         "Examples:\n"
         "  rehang scaffold 4711 -o hang.toml && rehang check hang.toml\n"
         "  rehang scaffold backtrace.txt -o hang.toml",
         &scaffold,
         "Exit status: 0 written; 2 usage, no such process, or no stack in the file; 3 rehang itself "
         "failed;\n"
         "125 this user may not look into the process."},
        {"record-ioctl",
         "write what a real device answers to a command's ioctls, as a device file for [[fake]]",
         {output, device, command},
         "The command runs as it is, outside of any sandbox; rehang waits until it and all that it started "
         "have\n"
         "ended. Set-uid programs run without their privilege.\n\n"
         "Examples:\n"
         "  rehang record-ioctl /dev/ptmx -- script -qc true /dev/null\n"
         "  rehang record-ioctl /dev/loop-control -o loop.device.toml -- losetup -f",
         &record_ioctl,
         "Exit status: 0 recorded; 1 the command made no ioctl on the device; 2 usage, or no such device;\n"
         "3 rehang itself failed, or the command could not be executed."},
        {"doctor",
         "what this host allows, and how to get what is missing",
         {},
         "Example:\n  rehang doctor",
         &doctor},
        {"worker", "", {parent}, "", &work},  // hidden: rehang starts itself for the runs
    };
    return table;
}

void describe(CLI::App& app, Arguments& arguments) {
    app.require_subcommand(1);
    app.set_version_flag("--version", "rehang " REHANG_VERSION);
    app.footer(
        fmt::format("`rehang COMMAND --help` shows a command's options with examples.\n\n{}", exit_codes));
    for (const Command& command : commands()) {
        CLI::App* sub = app.add_subcommand(command.name, command.summary);
        for (const Bind take : command.takes) take(*sub, arguments);
        sub->footer(fmt::format("{}\n\n{}", command.examples, command.exit_status));
        if (*command.summary == '\0') sub->group("");
    }
}

// ---- mistakes on the command line ----

std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

std::vector<std::string> command_names() {
    std::vector<std::string> names;
    for (const Command& command : commands())
        if (*command.summary) names.emplace_back(command.name);
    return names;
}

// The words that no command and no flag wanted, each with the nearest one that exists.
std::string unexpected_words(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    const CLI::App& asked = chosen.empty() ? app : *chosen.front();
    std::string text;
    for (const std::string& word : app.remaining(true)) {
        const std::string name = word.substr(0, word.find('='));
        const bool option = word.starts_with('-');
        text += option
                    ? fmt::format("unknown option \"{}\"{}\n", name, did_you_mean(name, option_names(asked)))
                : chosen.empty()
                    ? fmt::format("unknown command \"{}\"{}\n", word, did_you_mean(word, command_names()))
                    : fmt::format("unexpected argument \"{}\"\n", word);
        if (!option) break;  // what follows an unknown command is that command's
    }
    return text;
}

ExitCode report_misuse(const CLI::App& app, const CLI::ParseError& error) {
    std::string what = unexpected_words(app);
    if (what.empty()) what = fmt::format("{}\n", error.what());
    const auto chosen = app.get_subcommands();
    fmt::print(stderr, "rehang: {}try: rehang {}{}--help\n", what,
               chosen.empty() ? "" : chosen.front()->get_name(), chosen.empty() ? "" : " ");
    return ExitCode::broken;
}

ExitCode parse_and_run(int argc, char** argv) {
    CLI::App app("Makes hangs and aborts happen again, on purpose, every time.", "rehang");
    Arguments arguments;
    describe(app, arguments);
    if (argc < 2) {
        fmt::print(stderr, "{}", app.help());
        return ExitCode::broken;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help_or_version) {
        app.exit(help_or_version);
        return ExitCode::as_expected;
    } catch (const CLI::ParseError& error) {
        return report_misuse(app, error);
    }
    for (const Command& command : commands())
        if (app.got_subcommand(command.name)) return command.carry_out(arguments);
    return ExitCode::broken;
}

}  // namespace

int run_command_line(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write, told where it is written
    try {
        return static_cast<int>(parse_and_run(argc, argv));
    } catch (const std::exception& e) {
        fmt::print(stderr, "rehang: a bug in rehang itself: {}\n", e.what());
        return static_cast<int>(ExitCode::failed);
    }
}

}  // namespace rehang
