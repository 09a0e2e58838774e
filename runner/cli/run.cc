#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "campaign/durations.h"
#include "campaign/shard.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "cli/paths.h"
#include "cli/report_files.h"
#include "cli/run_output.h"
#include "cli/terminal.h"
#include "host/host.h"
#include "replay/worker_pool.h"
#include "report/describe.h"
#include "report/looking.h"
#include "report/trace_json.h"

namespace rehang {
namespace {

// A job and the plan that it is for; borrowed from the loaded scenarios.
struct PlannedJob {
    Job job;
    const Plan* plan;
};

// ./rehang-kept/NAME-ROLE-REPEAT; where several plans have this name and role they are counted, too.
std::string kept_folder(const std::vector<const Plan*>& plans, const Plan* plan, int repeat) {
    const auto alike = [&](const Plan* other) {
        return other->role == plan->role && other->scenario == plan->scenario;
    };
    const auto all = std::ranges::count_if(plans, alike);
    const auto before = std::count_if(plans.begin(), std::ranges::find(plans, plan), alike);
    const std::string combination = all > 1 ? fmt::format("-{}", before + 1) : "";
    const auto name = fmt::format("{}{}-{}-{}", plan->scenario, combination, to_text(plan->role), repeat);
    return (std::filesystem::current_path() / "rehang-kept" / name).string();
}

std::vector<PlannedJob> plan_jobs(const LoadedScenarios& loaded, const Arguments& arguments) {
    const std::string targets = targets_folder();
    std::vector<const Plan*> plans;
    for (const LoadedScenario& scenario : loaded.scenarios)
        for (const Plan& plan : scenario.prepared.plans) plans.push_back(&plan);
    std::vector<PlannedJob> jobs;
    for (const LoadedScenario& scenario : loaded.scenarios)
        for (size_t index = 0; index < scenario.prepared.plans.size(); ++index) {
            if (arguments.for_git && scenario.prepared.plans[index].role == Role::control) continue;
            for (int repeat = 1; repeat <= static_cast<int>(arguments.repeat); ++repeat) {
                const Plan* const plan = &scenario.prepared.plans[index];
                jobs.push_back({.job = {.file = scenario.file,
                                        .set = scenario.set,
                                        .targets = targets,
                                        .seed = arguments.seed,
                                        .plan = index,
                                        .repeat = repeat,
                                        .keep = arguments.keep ? kept_folder(plans, plan, repeat) : "",
                                        .core = arguments.core ? kept_folder(plans, plan, repeat) : "",
                                        .events = arguments.verbose || !arguments.trace.empty(),
                                        .stand = arguments.gdb || arguments.keep},
                                .plan = plan});
            }
        }
    return jobs;
}

// What part of all runs is to be done here.
struct Share {
    Shard shard;
    Durations durations;
};

Expected<Share> share_from(const Arguments& arguments) {
    Share share;
    if (!arguments.shard.empty()) {
        auto shard = parse_shard(arguments.shard);
        if (!shard) return std::unexpected(shard.error());
        share.shard = *shard;
    }
    if (!arguments.durations.empty()) {
        const auto report = read_report_file(arguments.durations);
        if (!report) return std::unexpected(report.error());
        share.durations = Durations(report->document);
    }
    return share;
}

std::vector<PlannedJob> take(const Share& share, std::vector<PlannedJob> jobs) {
    if (share.shard.of == 1) return jobs;
    std::vector<double> costs;
    for (const PlannedJob& planned : jobs)
        costs.push_back(
            share.durations.expected_ms(planned.plan->scenario, planned.plan->role, planned.plan->params));
    std::vector<PlannedJob> mine;
    for (const size_t i : share_of(share.shard, costs)) mine.push_back(jobs[i]);
    return mine;
}

// What would be run: a line for each scenario, its parameters and role.
std::string listed(const std::vector<PlannedJob>& jobs) {
    std::string text;
    for (size_t i = 0, end = 0; i < jobs.size(); i = end) {
        const Plan& plan = *jobs[i].plan;
        while (end < jobs.size() && jobs[end].plan == &plan) ++end;
        text += fmt::format("{}{}{}{}\n", plan.scenario, params_text(plan.params),
                            plan.role == Role::control ? " (control)" : "",
                            end - i > 1 ? fmt::format("  {} times", end - i) : "");
    }
    return text + fmt::format("{} {}\n", jobs.size(), jobs.size() == 1 ? "run" : "runs");
}

// What was kept of an earlier run is in the way: better known before anything runs than after it.
Expected<void> can_keep(const std::vector<PlannedJob>& jobs) {
    for (const PlannedJob& planned : jobs) {
        const std::filesystem::path folder = planned.job.keep;
        std::error_code error;
        if (folder.empty() || !std::filesystem::exists(folder, error)) continue;
        if (std::filesystem::is_directory(folder, error) && std::filesystem::is_empty(folder, error))
            continue;
        return std::unexpected(Error{
            .kind = Error::Kind::usage,
            .what = fmt::format("--keep: {} is there already", folder.string()),
            .hint = "an earlier run has kept it, and nothing is overwritten: move it away or remove it, "
                    "or run in another folder"});
    }
    return {};
}

OutputOptions output_options(const LoadedScenarios& loaded, const Arguments& arguments) {
    OutputOptions options = {.style = stdout_style(arguments.quiet),
                             .text = !wants_stdout(arguments),
                             .quiet = arguments.quiet,
                             .verbose = arguments.verbose,
                             .alone = loaded.scenarios.size() == 1 && arguments.repeat == 1,
                             .fail_fast = arguments.fail_fast,
                             .github = on_github()};
    options.style.timeline = arguments.verbose;
    options.style.numbered = arguments.repeat > 1;
    return options;
}

// What the options ask for that can't be had, before anything runs.
Expected<void> can_look(const Arguments& arguments) {
    if (arguments.gdb && (arguments.repeat > 1 || arguments.jobs > 1))
        return std::unexpected(Error{.kind = Error::Kind::usage,
                                     .what = "--gdb is for one run at a time",
                                     .hint = "leave --repeat and --jobs out"});
    const int on_stdout = (arguments.json == "-") + (arguments.junit == "-") + (arguments.markdown == "-");
    if (on_stdout + arguments.gdb > 1)
        return std::unexpected(Error{.kind = Error::Kind::usage,
                                     .what = "only one of --json -, --junit -, --markdown - and --gdb can have stdout",
                                     .hint = "give the others a file"});
    if (!arguments.durations.empty() && arguments.shard.empty())
        return std::unexpected(Error{.kind = Error::Kind::usage,
                                     .what = "--durations is only of use with --shard",
                                     .hint = "--shard 1/4 --durations report.json"});
    if (!arguments.gdb && !arguments.core) return {};
    for (const char* program : {"program:gdb", "program:nsenter"})
        if (auto there = check_need(program); !there) return there;
    return {};
}

OnStanding while_it_stands(const RunReport& report, const Arguments& arguments, const TextStyle& style) {
    // Of many runs those are worth an hour of a process that are not like the others.
    OnStanding wanted{.run = {}, .leave = arguments.keep && (arguments.repeat == 1 || !report.as_expected)};
    const DiagnosedProcess* const process = process_to_look_at(report);
    if (!arguments.gdb || report.role == Role::control || !process) return wanted;
    if (put(gdb_banner(report, *process, style)))
        wanted.run = gdb_inside(*process, select_innermost(report, *process));
    return wanted;
}

Expected<PoolEnd> run_all(const std::vector<PlannedJob>& planned, const Arguments& arguments,
                          RunOutput& output) {
    std::vector<Job> jobs;
    for (const PlannedJob& p : planned) jobs.push_back(p.job);
    Progress progress(jobs.size(), arguments.quiet);
    return run_jobs(jobs, {.workers = std::min<unsigned>(arguments.jobs, static_cast<unsigned>(jobs.size())),
                           .on_result =
                               [&](size_t index, Expected<RunReport> result) {
                                   progress.hide();
                                   if (result) return output.tell(*result);
                                   const Plan& plan = *planned[index].plan;
                                   return output.tell(FailedRun{.file = plan.file,
                                                                .scenario = plan.scenario,
                                                                .params = plan.params,
                                                                .role = plan.role,
                                                                .repeat = planned[index].job.repeat,
                                                                .error = std::move(result.error())});
                               },
                           .on_standing =
                               [&](size_t, const RunReport& report) {
                                   progress.hide();
                                   return while_it_stands(report, arguments, output.style());
                               },
                           .on_tick = [&](size_t done) { progress.show(done); }});
}

}  // namespace

namespace {

ExitCode run_and_tell(const Arguments& arguments) {
    const LoadedScenarios loaded = load_scenarios(arguments);
    if (loaded.broken) return ExitCode::broken;
    if (auto possible = can_look(arguments); !possible) {
        print_error(possible.error());
        return possible.error().kind == Error::Kind::unsupported ? ExitCode::unsupported : ExitCode::broken;
    }
    const auto share = share_from(arguments);
    if (!share) {
        print_error(share.error());
        return ExitCode::broken;
    }
    const auto jobs = take(*share, plan_jobs(loaded, arguments));
    if (arguments.list_only)
        return put(listed(jobs)) ? ExitCode::as_expected : ExitCode::closed_output;
    if (auto possible = can_keep(jobs); !possible) {
        print_error(possible.error());
        return ExitCode::broken;
    }
    auto files = OutputFiles::open(arguments);
    if (!files) {
        print_error(files.error());
        return ExitCode::broken;
    }

    const Intended intended{.planned = jobs.size(), .shard = share->shard.index, .shards = share->shard.of};
    RunOutput output(output_options(loaded, arguments), std::move(*files), intended);
    const auto end = run_all(jobs, arguments, output);
    if (!end) print_error(end.error());
    if (end && *end == PoolEnd::interrupted)
        fmt::print(stderr, "rehang: interrupted; this is the report so far\n");
    const bool heard = output.finish();
    if (!end) return worse(output.exit_code(), ExitCode::failed);
    if (*end == PoolEnd::interrupted) return ExitCode::interrupted;
    if (arguments.for_git) return output.for_git();
    const bool unheard = !heard || (*end == PoolEnd::stopped && !output.enough());
    return unheard && output.exit_code() != ExitCode::failed ? ExitCode::closed_output : output.exit_code();
}

}  // namespace

ExitCode run(const Arguments& arguments) {
    const ExitCode code = run_and_tell(arguments);
    const bool broken = code == ExitCode::broken || code == ExitCode::failed;
    return arguments.for_git && broken ? ExitCode::stop_bisect : code;
}

}  // namespace rehang
