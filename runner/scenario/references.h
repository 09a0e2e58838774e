// ${name} in texts: a parameter of the scenario, or one of the built-in ones. "$${" stands for "${" itself;
// any other "$" is plain.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/scenario.h"

namespace rehang {

// ${targets}: the folder of the stand-in programs; ${scenario_dir}: the folder of the scenario's file.
const std::vector<std::string>& builtin_params();

// The names that `text` refers to, in order; or what is wrong with one of its references.
std::expected<std::vector<std::string>, std::string> find_references(std::string_view text);
bool has_references(
    std::string_view text);  // also "$${" and wrong ones: anything that putting parameters in would change
// `text` with each reference replaced by value_of(name). Only for texts whose references are right.
std::string substitute(std::string_view text,
                       const std::function<std::string(const std::string& name)>& value_of);

// Every text of the scenario that may refer to parameters. Values of parameters are not among them: see
// for_each_param_value.
template <class ScenarioOrConst, class Visit>
void for_each_text(ScenarioOrConst& scenario, const Visit& visit) {
    const auto each = [&](auto& texts) {
        for (auto& text : texts) visit(text);
    };
    const auto maybe = [&](auto& text) {
        if (text) visit(*text);
    };
    const auto result = [&](auto& expect) {
        each(expect.stdout_has);
        each(expect.stderr_has);
    };
    each(scenario.needs);
    each(scenario.sandbox.private_folders);
    for (auto& file : scenario.sandbox.files) {
        visit(file.path);
        maybe(file.text);
        maybe(file.append);
    }
    for (auto& process : scenario.processes) {
        each(process.argv);
        each(process.preload);
        for (auto& variable : process.env) visit(variable.second);
        maybe(process.cwd);
        if (!process.qmp) continue;
        visit(process.qmp->socket);
        if (process.qmp->pidfile) visit(*process.qmp->pidfile);
        for (auto& command : process.qmp->say)
            for (auto* json : {&command.arguments, &command.expect})
                if (*json) for_each_text_of(**json, visit);
    }
    for (auto& point : scenario.points) {
        visit(point.process);
        maybe(point.thread);
        maybe(point.enter);
        maybe(point.leave);
        maybe(point.execs);
        maybe(point.signal);
        maybe(point.file);
        maybe(point.prints);
        for (auto& argument : point.where) visit(argument.second);
    }
    const auto arguments = [&](auto& entries) {
        for (auto& entry : entries) {
            maybe(entry.value);
            for (auto& member : entry.members) visit(member.second);
        }
    };
    for (auto& fault : scenario.faults) {
        visit(fault.process);
        maybe(fault.function);
        if (!fault.call) continue;
        auto& call = *fault.call;
        each(call.calls);
        arguments(call.where);
        arguments(call.data);
        for (auto* text :
             {&call.thread, &call.nth, &call.from, &call.to, &call.every, &call.times, &call.probability,
              &call.count, &call.error, &call.returns, &call.limit_bytes, &call.delay, &call.delay_after,
              &call.signal, &call.signal_to, &call.limit, &call.device})
            maybe(*text);
    }
    for (auto& fake : scenario.fakes) {
        maybe(fake.process);
        visit(fake.device);
        visit(fake.model);
        for (auto& setting : fake.settings) visit(setting.second);
    }
    const auto expectation = [&](auto& expect) {
        result(expect);
        for (auto& thread : expect.threads) {
            visit(thread.process);
            maybe(thread.thread);
            each(thread.stack);
        }
        for (auto& process : expect.processes) visit(process.process);
    };
    expectation(scenario.expect);
    for (auto& other : scenario.expect_for) expectation(other.expect);
    if (scenario.control) result(scenario.control->expect);
}

// Every value of a parameter: in [params], [matrix] and [control] set. They may refer to built-in parameters
// only.
template <class Visit>
void for_each_param_value(const Scenario& scenario, const Visit& visit) {
    for (const ParamDecl& param : scenario.params) visit(param.value);
    for (const MatrixAxis& axis : scenario.matrix)
        for (const Text& value : axis.values) visit(value);
    if (scenario.control)
        for (const auto& [name, value] : scenario.control->set) visit(value);
}

}  // namespace rehang
