#include "plan/resolve.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/names.h"
#include "plan/plan_fakes.h"
#include "plan/plan_faults.h"
#include "plan/resolved.h"
#include "scenario/event_text.h"

namespace rehang {
namespace {

std::vector<std::string> values(const Texts& texts) {
    std::vector<std::string> result;
    for (const Text& text : texts) result.push_back(text.value);
    return result;
}

PlannedQmpCommand plan_command(const QmpCommandDecl& declared) {
    std::vector<JsonMember> command = {{"execute", {declared.execute}}};
    if (declared.arguments) command.push_back({"arguments", *declared.arguments});
    PlannedQmpCommand planned{.command = to_json({std::move(command)}), .expect = {}, .error = {}};
    if (declared.expect) planned.expect = to_json(*declared.expect);
    if (declared.error) planned.error = declared.error->value;
    return planned;
}

PlannedQmp plan_qmp(const QmpDecl& declared) {
    PlannedQmp qmp{.socket = declared.socket.value, .say = {}};
    for (const QmpCommandDecl& command : declared.say) qmp.say.push_back(plan_command(command));
    return qmp;
}

// fakes/targets/qmp_speaker.cc: SOCKET MILLISECONDS PIDFILE COMMAND…
void give_arguments(const QmpDecl& declared, PlannedProcess& speaker) {
    const Duration limit = declared.limit ? declared.limit->value : std::chrono::seconds(10);
    speaker.argv.push_back(speaker.qmp->socket);
    speaker.argv.push_back(fmt::format("{}", std::chrono::ceil<std::chrono::milliseconds>(limit).count()));
    speaker.argv.push_back(declared.pidfile ? declared.pidfile->value : "-");
    for (const PlannedQmpCommand& command : speaker.qmp->say) speaker.argv.push_back(command.command);
}

PlannedProcess plan_process(const ProcessDecl& declared) {
    PlannedProcess process{.name = declared.name.value,
                           .argv = values(declared.argv),
                           .preload = values(declared.preload),
                           .env = {},
                           .cwd = declared.cwd ? declared.cwd->value : "/tmp",
                           .at = declared.argv.front().at};
    for (const auto& [name, value] : declared.env) process.env.emplace_back(name.value, value.value);
    if (declared.qmp) {
        process.qmp = plan_qmp(*declared.qmp);
        give_arguments(*declared.qmp, process);
    }
    return process;
}

std::vector<ArgumentCondition> conditions_of(const PointDecl& declared, const std::string& call) {
    std::vector<ArgumentCondition> conditions;
    for (const auto& [name, value] : declared.where)
        conditions.push_back(
            checked(parse_argument_value(call, checked(parse_argument_name(call, name.value)), value.value)));
    return conditions;
}

PointEvent entered(const PointDecl&, const SymbolName& name) {
    return EntersSymbol{{.module = name.module, .where = name.symbol}};
}
PointEvent entered(const PointDecl&, const LineName& name) {
    return EntersSymbol{{.module = name.module, .where = SourceLine{name.source, name.line}}};
}
PointEvent entered(const PointDecl&, const OffsetName& name) {
    return EntersSymbol{{.module = name.module, .where = CodeOffset{name.offset}}};
}
PointEvent entered(const PointDecl&, const GuestFunctionName& name) {
    return EntersGuestFunction{.module = name.function.module, .symbol = name.function.symbol};
}
PointEvent entered(const PointDecl& declared, const SyscallName& call) {
    return EntersSyscall{.number = call.number, .where = conditions_of(declared, call.name)};
}
PointEvent left(const PointDecl&, const SymbolName& name) {
    return LeavesSymbol{{.module = name.module, .where = name.symbol}};
}
PointEvent left(const PointDecl& declared, const SyscallName& call) {
    return LeavesSyscall{.number = call.number, .where = conditions_of(declared, call.name)};
}

// Among the faults of the same kind.
size_t index_of_syscall_fault(const std::string& name, const std::vector<FaultDecl>& faults) {
    const auto is_of_calls = [](const FaultDecl& fault) { return fault.call.has_value(); };
    const auto found =
        std::ranges::find(faults, name, [](const FaultDecl& fault) { return fault.name.value; });
    REHANG_CHECK(found != faults.end() && is_of_calls(*found));
    return static_cast<size_t>(std::count_if(faults.begin(), found, is_of_calls));
}

PointEvent event_of(const PointDecl& declared, const std::vector<FaultDecl>& faults) {
    if (declared.fault) return FaultFires{.fault = index_of_syscall_fault(declared.fault->value, faults)};
    if (declared.born) return IsBorn{};
    if (declared.exits) return Exits{};
    if (declared.execs) return Execs{.program = declared.execs->value};
    if (declared.signal) return ReceivesSignal{.number = checked(signal_value(declared.signal->value))};
    if (declared.file) return MakesFile{.path = declared.file->value};
    if (declared.prints)
        return Prints{.pattern = declared.prints->value,
                      .to_stderr = declared.stream && declared.stream->value == "stderr"};
    if (declared.fork) return ReturnsFromFork{.side = declared.fork->value};
    if (declared.leave)
        return std::visit([&](const auto& event) { return left(declared, event); },
                          checked(parse_leave(declared.leave->value)));
    REHANG_CHECK(declared.enter);
    return std::visit([&](const auto& event) { return entered(declared, event); },
                      checked(parse_enter(declared.enter->value)));
}

// Where the file says what happens at the point.
Span event_span(const PointDecl& declared) {
    if (declared.enter) return declared.enter->at;
    if (declared.leave) return declared.leave->at;
    if (declared.execs) return declared.execs->at;
    if (declared.signal) return declared.signal->at;
    if (declared.file) return declared.file->at;
    if (declared.fork) return declared.fork->at;
    if (declared.prints) return declared.prints->at;
    if (declared.fault) return declared.fault->at;
    return declared.at;
}

PlannedPoint plan_point(const PointDecl& declared, const std::vector<FaultDecl>& faults) {
    const bool whole_process = !declared.thread && concerns_process(declared);
    return {.name = declared.name.value,
            .process = path_of(declared.process),
            .thread = whole_process ? checked(ThreadSelector::parse("main")) : selector_of(declared.thread),
            .event = event_of(declared, faults),
            .nth = static_cast<unsigned>(declared.nth.value),
            .at = event_span(declared)};
}

PlannedHold plan_hold(const HoldDecl& declared, const std::vector<PointDecl>& points) {
    PlannedHold hold{.name = declared.name.value_or(declared.at).value,
                     .at = index_of(declared.at, points),
                     .until = index_of(declared.until, points),
                     .span = declared.at_span};
    if (declared.limit) hold.limit = declared.limit->value;
    if (declared.if_impossible) hold.if_impossible = declared.if_impossible->value;
    return hold;
}

// Two points and a hold: who comes second stays at the fork's end until the other one has gone on.
void plan_fork_order(const ForkOrderDecl& declared, Plan& plan) {
    const ForkSide first = declared.first.value;
    const ForkSide second = first == ForkSide::parent ? ForkSide::child : ForkSide::parent;
    const std::string name = declared.process.value;
    const auto point = [&](std::string_view what, PointEvent event) {
        plan.points.push_back({.name = fmt::format("{} {}", name, what),
                               .process = path_of(declared.process),
                               .thread = {},
                               .event = std::move(event),
                               .nth = 1,
                               .at = declared.first.at});
    };
    const size_t at = plan.points.size();
    point("forked", ReturnsFromFork{.side = second});
    point(fork_order_text(first), GoesOnAfterFork{.side = first});
    plan.holds.push_back({.name = name, .at = at, .until = at + 1, .span = declared.first.at});
}

PlannedFile plan_file(const SandboxFileDecl& declared) {
    PlannedFile file{.path = declared.path.value,
                     .text = declared.append ? declared.append->value : declared.text->value,
                     .appended = declared.append.has_value()};
    if (declared.mode) file.mode = static_cast<unsigned>(declared.mode->value);
    return file;
}

PlannedSandbox plan_sandbox(const SandboxDecl& declared) {
    PlannedSandbox sandbox;
    sandbox.private_folders = values(declared.private_folders);
    for (const SandboxFileDecl& file : declared.files) sandbox.files.push_back(plan_file(file));
    if (declared.pids) sandbox.pids = static_cast<unsigned>(declared.pids->value);
    if (declared.memory) sandbox.memory = declared.memory->value;
    if (declared.output) sandbox.output = declared.output->value;
    return sandbox;
}

Expectation plan_expectation(const ExpectDecl& declared) {
    Expectation expect;
    expect.outcome = declared.outcome.value;
    if (declared.cause) expect.cause = declared.cause->value;
    if (declared.exit) expect.exit = static_cast<int>(declared.exit->value);
    if (declared.signal) expect.signal = checked(signal_value(declared.signal->value));
    expect.stdout_has = values(declared.stdout_has);
    expect.stderr_has = values(declared.stderr_has);
    expect.impossible = values(declared.impossible);
    for (const ExpectThreadDecl& thread : declared.threads) {
        ExpectedThread expected{.process = path_of(thread.process),
                                .thread = selector_of(thread.thread),
                                .waits = {},
                                .stack = values(thread.stack)};
        if (thread.waits) expected.waits = thread.waits->value;
        expect.threads.push_back(std::move(expected));
    }
    for (const ExpectProcessDecl& process : declared.processes)
        expect.processes.push_back({.process = path_of(process.process), .state = process.state.value});
    return expect;
}

}  // namespace

Plan resolve(const Scenario& scenario) {
    Plan plan;
    plan.file = scenario.file;
    plan.scenario = scenario.name.value;
    plan.needs = values(scenario.needs);
    plan.timeout = scenario.timeout.value;
    for (const ProcessDecl& process : scenario.processes) plan.processes.push_back(plan_process(process));
    for (const PointDecl& point : scenario.points) plan.points.push_back(plan_point(point, scenario.faults));
    for (const HoldDecl& hold : scenario.holds) plan.holds.push_back(plan_hold(hold, scenario.points));
    for (const ForkOrderDecl& order : scenario.fork_order) plan_fork_order(order, plan);
    plan_faults(scenario, plan);
    plan_fakes(scenario, plan);
    plan.sandbox = plan_sandbox(scenario.sandbox);
    plan.expect = plan_expectation(scenario.expect);
    return plan;
}

}  // namespace rehang
