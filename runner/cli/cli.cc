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
void matrix(CLI::App& app, Arguments& to) {
    app.add_option(
           "--matrix", to.matrix,
           "run with each of these values of a parameter, instead of those of the scenario's [matrix]; may "
           "be repeated")
        ->type_name("K=A,B,…")
        ->expected(1)
        ->take_all();
}
void junit(CLI::App& app, Arguments& to) {
    app.add_option("--junit", to.junit,
                   "write JUnit's XML for a CI system: a test case a scenario and control")
        ->type_name("FILE|-");
}
void markdown(CLI::App& app, Arguments& to) {
    app.add_option("--markdown", to.markdown, "write tables of what came out, for a bug report")
        ->type_name("FILE|-");
}
void shard(CLI::App& app, Arguments& to) {
    app.add_option("--shard", to.shard,
                   "run only the I-th of N parts; `rehang merge` joins their reports (docs/ci.md)")
        ->type_name("I/N");
    app.add_option("--durations", to.durations,
                   "an earlier report (--json), so that all parts take about the same time")
        ->type_name("FILE");
}
void versions(CLI::App& app, Arguments& to) {
    app.add_option("--param", to.param, "the parameter of the scenario whose values are the versions")
        ->type_name("NAME")
        ->required();
    app.add_option(
           "--versions", to.versions,
           "where they come from: list:A,B,C, file:NAME with one a line (both the oldest first), "
           "dir:'PATTERN' for paths in the order of their numbers, git:REPOSITORY for its commits, or "
           "debian:PACKAGE[:ARCHITECTURE][@RELEASE,…] for what Debian's releases have")
        ->type_name("SOURCE")
        ->required();
    app.add_option("--build", to.build,
                   "of commits: the shell command that builds one, run in a work tree of its own")
        ->type_name("COMMAND");
    app.add_option(
           "--artifact", to.artifact,
           "of commits: the file that the build makes; of Debian packages: a file in what is unpacked "
           "(glob(7)); its path is the version")
        ->type_name("PATH");
    app.add_option("--good", to.good, "a version without the bug")->type_name("V");
    app.add_option("--bad", to.bad, "a version with it")->type_name("V");
    app.add_flag("--each", to.each,
                 "run every version and say what comes out, instead of --good, --bad and a search");
    app.add_option("--find", to.find,
                   "the version that brought the bug (the default), or the one that mended it")
        ->type_name("bug|fix")
        ->check(CLI::IsMember({"bug", "fix"}));
}
void certainty(CLI::App& app, Arguments& to) {
    app.add_option("--repeat", to.repeat,
                   "a version is without the bug when N runs do not show it (default: 1)")
        ->type_name("N")
        ->check(CLI::Range(1U, 1'000'000U));
    app.add_option(
           "--noise", to.noise,
           "so often, from 0 to 0.4, a version is taken for another: versions are asked again until the "
           "answer is as certain as --confidence wants")
        ->type_name("P")
        ->check(CLI::Range(0.0, 0.4));
    app.add_option("--confidence", to.confidence,
                   "with --noise: how probable the answer has to be (default: 0.99)")
        ->type_name("P")
        ->check(CLI::Range(0.5, 0.999999));
}
void bisect_jobs(CLI::App& app, Arguments& to) {
    app.add_option("--jobs", to.jobs, "ask N versions at a time: fewer rounds")
        ->type_name("N")
        ->check(CLI::Range(1U, 16U));
}
void log(CLI::App& app, Arguments& to) {
    app.add_option("--log", to.log,
                   "keep what was found out in a file; one that was broken off goes on from there")
        ->type_name("FILE");
}
void one_scenario(CLI::App& app, Arguments& to) {
    app.add_option("SCENARIO", to.scenarios, "a scenario's file, or its name in the catalogue")
        ->required()
        ->expected(1);
}
void fail_fast(CLI::App& app, Arguments& to) {
    app.add_flag("--fail-fast", to.fail_fast, "stop at the first run that is not as expected");
}
void for_git(CLI::App& app, Arguments& to) {
    app.add_flag("--bisect", to.for_git,
                 "without controls, and with the exit status that `git bisect run` wants: 0 the bug is not "
                 "there, 1 it is, "
                 "125 can't tell, 128 broken");
}
void list_only(CLI::App& app, Arguments& to) {
    app.add_flag("--list", to.list_only, "say what would be run, and run nothing");
}
void reports(CLI::App& app, Arguments& to) {
    app.add_option("REPORT", to.reports, "files that `rehang run --json` wrote")->required();
}
void only_missing(CLI::App& app, Arguments& to) {
    app.add_flag("--missing", to.only_missing,
                 "say only which shards have to be run again, as numbers: 2,5-7; nothing when none has");
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
         {scenarios, set, matrix, repeat, jobs, seed, fail_fast, for_git, list_only, shard, json, junit,
          markdown, trace, keep, core, gdb, verbose, quiet},
         "Examples:\n"
         "  rehang run scenarios/allocator/daemonize-with-tcmalloc-threads.toml\n"
         "  rehang run daemonize-with-tcmalloc-threads      the same, by its name in the catalogue\n"
         "  rehang run scenarios --jobs 2                   a whole folder, two at a time\n"
         "  rehang run x.toml --repeat 200 --quiet          is it the same hang every time?\n"
         "  rehang run x.toml --gdb                         look at the hang itself\n"
         "  rehang run x.toml --trace x.json                what happened when: open it in ui.perfetto.dev\n"
         "  rehang run x.toml --set tcmalloc=/opt/lib/libtcmalloc.so.4 --json report.json\n"
         "  rehang run x.toml --matrix lib=/opt/a.so,/opt/b.so   a table of what comes out\n"
         "  rehang run scenarios --shard 2/4 --json 2.json --junit 2.xml",
         &run},
        {"bisect",
         "which version of something brought a bug, or mended it",
         {one_scenario, set, versions, certainty, bisect_jobs, seed, log, quiet},
         "A version is bad when the scenario shows the same bug as with --bad: the same outcome, cause and "
         "stacks. Runs that say\n"
         "nothing (unmet, timeout, unsupported, another bug) are made again, and then the version is "
         "skipped.\n\n"
         "Examples:\n"
         "  rehang bisect x.toml --param lib --versions list:1.0,1.1,1.2,1.3 --good 1.0 --bad 1.3\n"
         "  rehang bisect x.toml --param lib --versions 'dir:builds/*/libx.so' --good builds/2.1/libx.so \\\n"
         "      --bad builds/2.40/libx.so --repeat 20 --jobs 2 --log bisect.log\n"
         "  rehang bisect x.toml --param lib --versions git:../libx --build 'make -j2 libx.so' --artifact "
         "libx.so \\\n"
         "      --good v2.1 --bad main\n"
         "  rehang bisect x.toml --param lib --versions debian:libx1 --artifact 'usr/lib/*/libx.so.1' \\\n"
         "      --good bullseye --bad trixie\n"
         "  rehang bisect probe-launch-debian --param root --versions debian:qemu-system-x86 --each",
         &bisect,
         "Exit status: 0 found; 1 not to one version: those between could not be judged; 2 usage, or the "
         "known versions\n"
         "are not as they were said to be; 3 rehang itself failed; 130 interrupted."},
        {"merge",
         "join the reports of shards, and say what came out of all of them, and what is missing",
         {reports, json, junit, markdown, only_missing, quiet},
         "Examples:\n"
         "  rehang merge 1.json 2.json 3.json 4.json --json all.json --junit all.xml\n"
         "  rehang merge shards/*.json --markdown summary.md\n"
         "  sbatch --array=$(rehang merge shards/*.json --missing) …",
         &merge_reports,
         "Exit status: as of `rehang run` for all these runs; 3 also when a shard is missing or broke off; 2 "
         "for a\n"
         "file that is no report, and for reports that do not belong together."},
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
