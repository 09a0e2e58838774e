#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/paths.h"
#include "cli/run_output.h"
#include "cli/terminal.h"
#include "host/host.h"
#include "replay/worker_pool.h"
#include "report/looking.h"
#include "report/trace_json.h"

namespace rehang {
namespace {

// A job and the plan that it is for; borrowed from the loaded scenarios.
struct PlannedJob {
    Job job;
    const Plan* plan;
};

// ./rehang-kept/NAME-ROLE-REPEAT; a matrix has its combinations counted, too.
std::string kept_folder(const Prepared& prepared, size_t index, int repeat) {
    const Plan& plan = prepared.plans[index];
    size_t before = 0, all = 0;
    for (size_t i = 0; i < prepared.plans.size(); ++i) {
        if (prepared.plans[i].role != plan.role) continue;
        ++all;
        if (i < index) ++before;
    }
    const std::string combination = all > 1 ? fmt::format("-{}", before + 1) : "";
    const auto name = fmt::format("{}{}-{}-{}", plan.scenario, combination, to_text(plan.role), repeat);
    return (std::filesystem::current_path() / "rehang-kept" / name).string();
}

std::vector<PlannedJob> plan_jobs(const LoadedScenarios& loaded, const Arguments& arguments) {
    const std::string targets = targets_folder();
    std::vector<PlannedJob> jobs;
    for (const LoadedScenario& scenario : loaded.scenarios)
        for (size_t plan = 0; plan < scenario.prepared.plans.size(); ++plan)
            for (int repeat = 1; repeat <= static_cast<int>(arguments.repeat); ++repeat)
                jobs.push_back(
                    {.job = {.file = scenario.file,
                             .set = loaded.set,
                             .targets = targets,
                             .seed = arguments.seed,
                             .plan = plan,
                             .repeat = repeat,
                             .keep = arguments.keep ? kept_folder(scenario.prepared, plan, repeat) : "",
                             .core = arguments.core ? kept_folder(scenario.prepared, plan, repeat) : "",
                             .events = arguments.verbose || !arguments.trace.empty(),
                             .stand = arguments.gdb || arguments.keep},
                     .plan = &scenario.prepared.plans[plan]});
    return jobs;
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
                             .text = arguments.json != "-",
                             .quiet = arguments.quiet,
                             .verbose = arguments.verbose,
                             .alone = loaded.scenarios.size() == 1 && arguments.repeat == 1};
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
    if (arguments.gdb && arguments.json == "-")
        return std::unexpected(Error{.kind = Error::Kind::usage,
                                     .what = "--gdb and --json - both want stdout",
                                     .hint = "--json FILE"});
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

ExitCode run(const Arguments& arguments) {
    const LoadedScenarios loaded = load_scenarios(arguments);
    if (loaded.broken) return ExitCode::broken;
    if (auto possible = can_look(arguments); !possible) {
        print_error(possible.error());
        return possible.error().kind == Error::Kind::unsupported ? ExitCode::unsupported : ExitCode::broken;
    }
    const auto jobs = plan_jobs(loaded, arguments);
    if (auto possible = can_keep(jobs); !possible) {
        print_error(possible.error());
        return ExitCode::broken;
    }
    auto json = OutputFile::open(arguments.json);
    auto trace = OutputFile::open(arguments.trace);
    for (const auto* file : {&json, &trace}) {
        if (*file) continue;
        print_error(file->error());
        return ExitCode::broken;
    }

    RunOutput output(output_options(loaded, arguments), std::move(*json), std::move(*trace));
    const auto end = run_all(jobs, arguments, output);
    if (!end) print_error(end.error());
    if (end && *end == PoolEnd::interrupted)
        fmt::print(stderr, "rehang: interrupted; this is the report so far\n");
    const bool heard = output.finish();
    if (!end) return worse(output.exit_code(), ExitCode::failed);
    if (*end == PoolEnd::interrupted) return ExitCode::interrupted;
    const bool failed = output.exit_code() == ExitCode::failed;
    return (*end == PoolEnd::stopped || !heard) && !failed ? ExitCode::closed_output : output.exit_code();
}

}  // namespace rehang
