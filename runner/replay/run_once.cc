#include "replay/run_once.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "replay/keep.h"
#include "replay/own_thread.h"
#include "replay/stop_rest.h"
#include "replay/watch.h"
#include "report/conversation.h"
#include "report/describe.h"
#include "sandbox/sandbox.h"
#include "supervise/calls_pass.h"
#include "supervise/filter.h"
#include "supervise/supervisor.h"

namespace rehang {
namespace {

using Clock = std::chrono::steady_clock;

double ms_between(Instant from, Instant to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

std::optional<std::uint64_t> seed_that_decides(const Plan& plan) {
    const bool decides = std::ranges::any_of(plan.syscall_faults, [](const PlannedSyscallFault& fault) {
        return fault.occurrence.probability < 1;
    });
    return decides ? std::optional(plan.seed) : std::nullopt;
}

RunReport begin_report(const Plan& plan, const RunOptions& options) {
    RunReport report;
    report.role = plan.role;
    report.repeat = options.repeat;
    report.file = plan.file;
    report.scenario = plan.scenario;
    report.params = plan.params;
    report.seed = seed_that_decides(plan);
    report.host = host_info();
    return report;
}

RunReport not_here(RunReport report, const Error& why, const Plan& plan) {
    report.outcome = Outcome::unsupported;
    report.notes.push_back(why.what);
    if (!why.hint.empty()) report.notes.push_back(why.hint);
    judge(report, plan);
    report.signature = signature(report);
    return report;
}

std::vector<ReadyProcess> hand_over(Sandbox& sandbox) {
    std::vector<ReadyProcess> ready;
    for (LaunchedProcess& launched : sandbox.processes())
        ready.push_back({.name = launched.name,
                         .pid = launched.pid,
                         .launch = std::move(launched.launch),
                         .exec_error = std::move(launched.exec_error),
                         .stdout_read = std::move(launched.stdout_read),
                         .stderr_read = std::move(launched.stderr_read)});
    return ready;
}

Expected<std::vector<TargetFilter>> filters_for(const Plan& plan) {
    const bool may_notify = (!plan.syscall_faults.empty() || !plan.fakes.empty()) && can_notify();
    std::vector<TargetFilter> filters;
    for (const PlannedProcess& process : plan.processes) {
        auto filter = build_filter(plan, process.name, may_notify);
        if (!filter) return std::unexpected(filter.error());
        filters.push_back(std::move(*filter));
    }
    return filters;
}

std::string thread_text(const ProcessPath& process, unsigned nth) {
    return fmt::format("{} {}", process.text(), nth == 1 ? "main" : fmt::format("thread {}", nth));
}

void tell_points(RunReport& report, const Plan& plan, const Director& director, Instant launched) {
    for (size_t i = 0; i < plan.points.size(); ++i) {
        const PointState& state = director.points()[i];
        PointReport point{.name = plan.points[i].name, .reached_ms = {}, .by = {}};
        if (state.reached) {
            point.reached_ms = ms_between(launched, *state.reached);
            point.by = thread_text(state.process, state.thread_nth);
        }
        report.points.push_back(std::move(point));
    }
}

// How the [[process]]es ended: the first one's exit code, or the first signal that ended one.
void tell_ends(RunReport& report, const Plan& plan, const ForkTree& tree) {
    for (const PlannedProcess& process : plan.processes) {
        const TrackedProcess* root = tree.find({.root = process.name, .forks = {}});
        if (!root || !root->ended()) continue;
        if (WIFEXITED(*root->exit_status) && &process == &plan.processes.front())
            report.exit = WEXITSTATUS(*root->exit_status);
        if (WIFSIGNALED(*root->exit_status) && !report.signal) report.signal = WTERMSIG(*root->exit_status);
    }
}

Outcome decide(End end, const RunReport& report, bool order_complete) {
    // An order that was asked for and not reached is never a success; a control shows what the program does
    // without it.
    if (report.role == Role::scenario && (!order_complete || end == End::unmet)) return Outcome::unmet;
    switch (end) {
        case End::finished:
            return report.signal ? Outcome::signaled : Outcome::exited;
        case End::stuck:
            return Outcome::hung;
        case End::unmet:
            return Outcome::unmet;
        case End::timed_out:
        case End::process_limit:
            return Outcome::timeout;
    }
    return Outcome::timeout;
}

void tell_output(RunReport& report, const Plan& plan, Supervision& supervision) {
    for (const PlannedProcess& process : plan.processes) {
        auto& [out, err] = supervision.output[process.name];
        report.streams.push_back({.process = process.name,
                                  .out = out.text,
                                  .err = err.text,
                                  .out_cut = out.cut,
                                  .err_cut = err.cut});
        if (out.cut || err.cut)
            report.notes.push_back(fmt::format("{} wrote more than {}: the rest was dropped", process.name,
                                               format_size(plan.sandbox.output)));
    }
}

void tell_conversations(RunReport& report, const Plan& plan) {
    for (size_t i = 0; i < plan.processes.size(); ++i)
        if (plan.processes[i].qmp)
            report.qmp.push_back(read_conversation(plan.processes[i], report.streams[i].out));
}

PlaceReport place_report(const EventPlace& place) {
    return {.process = place.process, .nth = place.nth};
}

void tell_events(RunReport& report, const Supervision& supervision, const EventLog& log) {
    for (const Event& event : log.events())
        report.events.push_back({.ms = ms_between(supervision.launched, event.at),
                                 .until_ms = ms_between(supervision.launched, event.until),
                                 .kind = event.kind,
                                 .who = place_report(event.who),
                                 .name = event.name,
                                 .text = event.text,
                                 .by = place_report(event.by)});
    const double end = ms_between(supervision.launched, supervision.ended);
    report.events.push_back({.ms = end,
                             .until_ms = end,
                             .kind = EventKind::verdict,
                             .who = {},
                             .name = verdict_text(report),
                             .text = {},
                             .by = {}});
    for (const auto& [kind, count] : log.cut())
        report.notes.push_back(
            fmt::format("the timeline was cut: {} more of the kind {}", count, to_text(kind)));
}

PlaceReport place_of(const RunReport& report, pid_t tid) {
    for (const DiagnosedProcess& process : report.processes)
        for (const DiagnosedThread& thread : process.threads)
            if (thread.tid == tid) return {.process = process.path, .nth = thread.nth};
    return {};
}

void tell_diagnosis(RunReport& report, Diagnosis diagnosis) {
    report.processes = std::move(diagnosis.processes);
    report.nodes = std::move(diagnosis.nodes);
    report.edges = std::move(diagnosis.edges);
    report.doubts = std::move(diagnosis.doubts);
    if (report.proven) {
        report.cause = diagnosis.cause;
        report.innermost = place_of(report, diagnosis.innermost);
        report.explanation = std::move(diagnosis.explanation);
    }
}

// Nobody counts what the kernel answers by itself.
FaultReport fault_report(const PlannedSyscallFault& fault, const FaultState& state) {
    FaultReport report{.name = fault.name, .does = fault_text(fault), .matched = {}, .fired = {}};
    if (fault.in_kernel && state.matched == 0) return report;
    report.matched = state.matched;
    report.fired = state.fired;
    if (state.fired > 0) report.first_by = thread_text(state.first, state.first_nth);
    return report;
}

FakeReport fake_report(const PlannedFake& fake, const FakeState& state) {
    FakeReport report{.name = fake.name,
                      .device = fake.device,
                      .model = fake.model,
                      .opened = state.opened,
                      .calls = state.calls,
                      .unknown = {}};
    for (const UnknownRequest& unknown : state.unknown)
        report.unknown.push_back({.name = request_name(unknown.number, fake.device),
                                  .number = unknown.number,
                                  .size = _IOC_SIZE(unknown.number),
                                  .times = unknown.times,
                                  .by = thread_text(unknown.by, unknown.by_nth)});
    return report;
}

void tell(RunReport& report, const Plan& plan, Supervision& supervision, const Tracing& tracing,
          Watch& watch) {
    const Director& director = tracing.director();
    Diagnosis diagnosis = watch.explain();
    tell_points(report, plan, director, supervision.launched);
    tell_ends(report, plan, tracing.tree());
    report.unmet = watch.unmet(diagnosis);
    report.outcome = decide(supervision.end, report, director.order_complete());
    report.proven = supervision.end == End::stuck;
    for (size_t i = 0; i < plan.function_faults.size(); ++i)
        report.faults.push_back({.name = plan.function_faults[i].name,
                                 .does = fault_text(plan.function_faults[i]),
                                 .matched = tracing.stubbed(i),
                                 .fired = {}});
    for (size_t i = 0; i < plan.syscall_faults.size(); ++i)
        report.faults.push_back(fault_report(plan.syscall_faults[i], tracing.injector().faults()[i]));
    for (size_t i = 0; i < plan.fakes.size(); ++i)
        report.fakes.push_back(fake_report(plan.fakes[i], tracing.fakes().states()[i]));
    report.notes = tracing.notes();
    std::ranges::move(tracing.guest_notes(), std::back_inserter(report.notes));
    if (supervision.end == End::process_limit)
        report.notes.push_back(
            fmt::format("more than {} processes and threads: [sandbox] limits.pids", plan.sandbox.pids));
    tell_output(report, plan, supervision);
    tell_conversations(report, plan);
    tell_diagnosis(report, std::move(diagnosis));

    const Instant reached = director.last_reached().value_or(supervision.launched);
    report.timings_ms.reach = ms_between(supervision.launched, reached);
    report.timings_ms.proof = report.proven ? ms_between(reached, supervision.ended) : 0;
}

bool leaves_targets(End end) {
    // Not a process limit's: what forks without end must not be let go.
    return end == End::stuck || end == End::unmet || end == End::timed_out;
}

// The processes of a proven hang in which no thread can ever go on.
std::set<pid_t> proven_stuck(const RunReport& report) {
    std::set<pid_t> stuck;
    for (const DiagnosedProcess& process : report.processes)
        if (report.proven && !process.threads.empty() &&
            std::ranges::all_of(process.threads, &DiagnosedThread::stuck))
            stuck.insert(process.pid);
    return stuck;
}

}  // namespace

Expected<RunReport> run_once(const Plan& plan, elf::Files& files, const RunOptions& options) {
    const Instant begun = Clock::now();
    RunReport report = begin_report(plan, options);
    const auto filters = filters_for(plan);
    if (!filters) return std::unexpected(filters.error());
    auto sandbox = Sandbox::create(plan, *filters);
    if (!sandbox && sandbox.error().kind == Error::Kind::unsupported)
        return not_here(std::move(report), sandbox.error(), plan);
    if (!sandbox) return std::unexpected(std::move(sandbox.error()).in("can't set the sandbox up"));

    Watch watch(plan, files);
    Supervisor supervisor(plan, files, watch,
                          options.on_standing ? IfTracerEnds::let_go : IfTracerEnds::kill);
    watch.attach(supervisor.tracing(), sandbox->init());
    Expected<Supervision> supervision;
    Expected<void> kept;
    bool stands = false;
    std::set<pid_t> stuck;
    on_own_thread([&] {
        supervision = supervisor.run(hand_over(*sandbox), sandbox->init());
        if (supervision) {
            report.timings_ms.setup = ms_between(begun, supervision->launched);
            tell(report, plan, *supervision, supervisor.tracing(), watch);
            if (options.events) tell_events(report, *supervision, supervisor.tracing().log());
            stands = options.on_standing && leaves_targets(supervision->end);
            if (!options.keep.empty()) {
                kept = keep(options.keep, sandbox->init(), plan, report);
                report.kept = options.keep;
            }
        }
        stuck = proven_stuck(report);
        if (stands)
            supervisor.stop_for_good(stuck);
        else
            sandbox->kill();
    });
    if (stands) stop_rest(sandbox->init(), stuck);
    judge(report, plan);
    report.signature = signature(report);
    report.timings_ms.total = ms_between(begun, Clock::now());
    if (stands && kept) {
        const CallsPass nobody_waits(supervisor.listeners());
        options.on_standing(report);
    }

    const Instant decided = Clock::now();
    sandbox->kill();
    if (!supervisor.drain(std::chrono::seconds(10)))
        return std::unexpected(Error{.what = "targets were left after their namespace was killed",
                                     .hint = "look for processes in uninterruptible sleep"});
    if (!supervision) return std::unexpected(supervision.error());
    if (!kept) return std::unexpected(std::move(kept.error()).in("can't keep the run's files"));
    report.timings_ms.total += ms_between(decided, Clock::now());
    return report;
}

}  // namespace rehang
