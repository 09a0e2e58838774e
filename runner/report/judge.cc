#include <fmt/format.h>

#include <algorithm>

#include "base/names.h"
#include "report/describe.h"
#include "report/run_report.h"

namespace rehang {
namespace {

using Mismatches = std::vector<std::string>;

std::string frame_text(const elf::Frame& frame) {
    return fmt::format("{}!{}", frame.module, frame.symbol);
}

// Each part is in a frame further out than the part before it; other frames may lie between.
bool stack_has(const std::vector<elf::Frame>& stack, const std::vector<std::string>& parts) {
    auto frame = stack.begin();
    for (const std::string& part : parts) {
        frame = std::ranges::find_if(frame, stack.end(),
                                     [&](const elf::Frame& f) { return frame_text(f).contains(part); });
        if (frame == stack.end()) return false;
        ++frame;
    }
    return true;
}

std::string expected_text(const ExpectedThread& expected) {
    std::string text = fmt::format("a thread of {} ({})", expected.process.text(), expected.thread.text());
    if (expected.waits) text += fmt::format(" that waits: {}", to_text(*expected.waits));
    if (!expected.stack.empty())
        text += fmt::format(", with {} on its stack", fmt::join(expected.stack, " < "));
    return text;
}

// What the candidates did instead: the next question of whoever reads "there is no such thread".
std::string instead_text(const DiagnosedProcess& process, const ThreadSelector& selector) {
    std::vector<std::string> seen;
    for (const DiagnosedThread& thread : process.threads) {
        if (!selector.matches(thread.name, thread.nth)) continue;
        std::string text = fmt::format("{} waits: {}", thread.role, to_text(thread.wait.kind));
        if (!thread.stack.empty()) text += fmt::format(" in {}", frame_text(thread.stack.front()));
        seen.push_back(std::move(text));
    }
    return seen.empty() ? fmt::format("{} has no such thread", process.path)
                        : fmt::format("{}", fmt::join(seen, "; "));
}

const DiagnosedProcess* find_process(const RunReport& report, const ProcessPath& path) {
    const auto found = std::ranges::find(report.processes, path.place(), &DiagnosedProcess::path);
    return found == report.processes.end() ? nullptr : &*found;
}

// The process is there, but runs another program than the one of "@execN". Nothing where it is as expected.
std::optional<std::string> other_program(const DiagnosedProcess& process, const ProcessPath& expected) {
    if (!expected.exec || *expected.exec == process.execs) return std::nullopt;
    return fmt::format("{} is {}@exec{}, {}", process.path, process.path, process.execs,
                       process.program.empty() ? "another program" : process.program);
}

void judge_thread(const RunReport& report, const ExpectedThread& expected, Mismatches& mismatches) {
    const DiagnosedProcess* process = find_process(report, expected.process);
    if (!process) {
        mismatches.push_back(fmt::format("expected {}, but there is no process {}", expected_text(expected),
                                         expected.process.place()));
        return;
    }
    if (const auto other = other_program(*process, expected.process)) {
        mismatches.push_back(fmt::format("expected {}, but {}", expected_text(expected), *other));
        return;
    }
    const bool found = std::ranges::any_of(process->threads, [&](const DiagnosedThread& thread) {
        return expected.thread.matches(thread.name, thread.nth) &&
               (!expected.waits || *expected.waits == thread.wait.kind) &&
               stack_has(thread.stack, expected.stack);
    });
    if (!found)
        mismatches.push_back(fmt::format("expected {}, but {}", expected_text(expected),
                                         instead_text(*process, expected.thread)));
}

void judge_process(const RunReport& report, const ExpectedProcess& expected, Mismatches& mismatches) {
    const DiagnosedProcess* process = find_process(report, expected.process);
    const std::string state = process ? process->state : "gone";
    if (const auto other = process ? other_program(*process, expected.process) : std::nullopt)
        mismatches.push_back(fmt::format("expected process {} to be {}, but {}", expected.process.text(),
                                         expected.state, *other));
    else if (state != expected.state)
        mismatches.push_back(fmt::format("expected process {} to be {}, but it is {}",
                                         expected.process.text(), expected.state, state));
}

void judge_verdict(const RunReport& report, const Expectation& expect, Mismatches& mismatches) {
    if (report.outcome != expect.outcome)
        mismatches.push_back(
            fmt::format("expected outcome {}, but it is {}", to_text(expect.outcome), verdict_text(report)));
    else if (report.outcome == Outcome::hung && !report.proven)
        mismatches.emplace_back("expected a proven hang, but this one is not proven");
    // The other questions make sense only about the outcome that they were written for.
    if (report.outcome != expect.outcome) return;
    if (expect.cause && report.cause != *expect.cause)
        mismatches.push_back(
            fmt::format("expected cause {}, but it is {}", to_text(*expect.cause), to_text(report.cause)));
    if (expect.exit && report.exit != expect.exit)
        mismatches.push_back(fmt::format("expected exit status {}, but it is {}", *expect.exit,
                                         report.exit ? fmt::format("{}", *report.exit) : "not there"));
    if (expect.signal && report.signal != expect.signal)
        mismatches.push_back(fmt::format("expected an end by {}, but it is by {}",
                                         signal_name(*expect.signal),
                                         report.signal ? signal_name(*report.signal) : "none"));
}

void judge_holds(const RunReport& report, const Expectation& expect, Mismatches& mismatches) {
    for (const std::string& hold : expect.impossible) {
        const auto unmet = std::ranges::find(report.unmet, hold, &UnmetHold::hold);
        if (unmet == report.unmet.end())
            mismatches.push_back(
                fmt::format("expected the hold {} to be impossible, but its order was reached", hold));
        else if (!unmet->impossible)
            mismatches.push_back(fmt::format(
                "expected the hold {} to be impossible, but that is not proven: {}", hold, unmet->reason));
    }
}

void judge_output(const RunReport& report, const Expectation& expect, Mismatches& mismatches) {
    const auto any_has = [&](std::string StreamReport::*stream, const std::string& part) {
        return std::ranges::any_of(report.streams,
                                   [&](const StreamReport& s) { return (s.*stream).contains(part); });
    };
    for (const std::string& part : expect.stdout_has)
        if (!any_has(&StreamReport::out, part))
            mismatches.push_back(fmt::format("expected \"{}\" on stdout, but nobody wrote it", part));
    for (const std::string& part : expect.stderr_has)
        if (!any_has(&StreamReport::err, part))
            mismatches.push_back(fmt::format("expected \"{}\" on stderr, but nobody wrote it", part));
}

// A program that is expected to fail may do so before it has answered everything.
bool has_to_answer(const Expectation& expect) {
    return expect.outcome == Outcome::exited && expect.exit.value_or(0) == 0;
}

void judge_conversation(const QmpReport& qmp, const Expectation& expect, Mismatches& mismatches) {
    for (const QmpExchange& exchange : qmp.exchanges)
        if (!exchange.wanted.empty())
            mismatches.push_back(fmt::format("{} said {} and got {}, expected {}", qmp.process, exchange.said,
                                             exchange.got, exchange.wanted));
    const auto unanswered = std::ranges::find(qmp.exchanges, "", &QmpExchange::got);
    if (unanswered == qmp.exchanges.end() || !has_to_answer(expect)) return;
    mismatches.push_back(fmt::format("{} got no answer to {}{}{}", qmp.process, unanswered->said,
                                     qmp.failed.empty() ? "" : ": ", qmp.failed));
}

// A fault that did nothing says nothing about the program.
void judge_fault(const FaultReport& fault, Mismatches& mismatches) {
    if (!fault.fired || *fault.fired > 0) return;
    if (*fault.matched == 0)
        mismatches.push_back(fmt::format("the fault {} never fired: no call fitted it", fault.name));
    else
        mismatches.push_back(fmt::format("the fault {} never fired: {} call{} fitted it, none was the one",
                                         fault.name, *fault.matched, *fault.matched == 1 ? "" : "s"));
}

void judge_faults(const RunReport& report, const Plan& plan, Mismatches& mismatches) {
    if (report.outcome == Outcome::unsupported) return;
    for (const PlannedSyscallFault& planned : plan.syscall_faults) {
        const auto fault = std::ranges::find(report.faults, planned.name, &FaultReport::name);
        if (!planned.optional && fault != report.faults.end()) judge_fault(*fault, mismatches);
    }
}

// What it answered to these is not what the device would have answered.
void judge_fakes(const RunReport& report, const Plan& plan, Mismatches& mismatches) {
    for (size_t i = 0; i < report.fakes.size() && i < plan.fakes.size(); ++i) {
        if (!plan.fakes[i].strict) continue;
        for (const UnknownRequestReport& request : report.fakes[i].unknown)
            mismatches.push_back(
                fmt::format("the fake {} is strict, and its model {} has no {}, which {} asked for",
                            report.fakes[i].name, report.fakes[i].model, request_text(request), request.by));
    }
}

}  // namespace

void judge(RunReport& report, const Plan& plan) {
    report.mismatches.clear();
    judge_verdict(report, plan.expect, report.mismatches);
    judge_holds(report, plan.expect, report.mismatches);
    judge_output(report, plan.expect, report.mismatches);
    for (const ExpectedThread& expected : plan.expect.threads)
        judge_thread(report, expected, report.mismatches);
    for (const ExpectedProcess& expected : plan.expect.processes)
        judge_process(report, expected, report.mismatches);
    for (const QmpReport& qmp : report.qmp) judge_conversation(qmp, plan.expect, report.mismatches);
    judge_faults(report, plan, report.mismatches);
    judge_fakes(report, plan, report.mismatches);
    report.as_expected = report.mismatches.empty();
}

}  // namespace rehang
