#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/suggest.h"
#include "scenario/checks.h"
#include "scenario/names_of.h"
#include "scenario/references.h"

namespace rehang {
namespace {

constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view digits = "0123456789";

class NameCheck {
  public:
    NameCheck(const Scenario& scenario, Problems& problems) : scenario_(scenario), problems_(problems) {}

    void run() {
        spelling();
        defined_once();
        points_of_holds();
        parameters();
        references();
        if (scenario_.control) control(*scenario_.control);
    }

  private:
    void spelled_with(const Text& name, std::string_view what, const std::string& letters,
                      std::string_view shown) {
        if (name.value.find_first_not_of(letters) == std::string::npos) return;
        problems_.error(name.at, fmt::format("\"{}\" is no name for a {}", name.value, what),
                        fmt::format("use only {}", shown));
    }

    void spelling() {
        const std::string small = fmt::format("{}{}-", lower, digits);
        const std::string any = fmt::format("{}{}{}_-", lower, upper, digits);
        constexpr std::string_view any_shown = "letters, digits, \"_\" and \"-\"";
        spelled_with(scenario_.name, "scenario", small, "small letters, digits and \"-\"");
        for (const ProcessDecl& process : scenario_.processes)
            spelled_with(process.name, "process", small + "_", "small letters, digits, \"_\" and \"-\"");
        for (const PointDecl& point : scenario_.points) spelled_with(point.name, "point", any, any_shown);
        for (const ParamDecl& param : scenario_.params) spelled_with(param.name, "parameter", any, any_shown);
        for (const Text& name : droppable())
            if (name.value.find('/') == std::string::npos)  // else a process, of [fork_order]
                spelled_with(name, "hold or fault", any, any_shown);
        for (const ProcessDecl& process : scenario_.processes)
            for (const auto& [name, value] : process.env)
                if (name.value.empty() || name.value.find('=') != std::string::npos)
                    problems_.error(name.at,
                                    fmt::format("\"{}\" is no name for an environment variable", name.value));
    }

    void each_once(const Texts& names, std::string_view what) {
        std::map<std::string, Span> first;
        for (const Text& name : names) {
            const auto [known, is_new] = first.emplace(name.value, name.at);
            if (!is_new && !name.value.empty())
                problems_.error(name.at, fmt::format("there is a {} \"{}\" already, in line {}", what,
                                                     name.value, known->second.line));
        }
    }

    void defined_once() {
        Texts processes;
        for (const ProcessDecl& process : scenario_.processes) processes.push_back(process.name);
        each_once(processes, "process");
        each_once(droppable(), "hold, fault or fake");
    }

    // The names that [control] drop can use. A hold without a name of its own goes by its point's.
    Texts droppable() const {
        Texts names;
        for (const FaultDecl& fault : scenario_.faults) names.push_back(fault.name);
        for (const HoldDecl& hold : scenario_.holds)
            if (hold.name) names.push_back(*hold.name);
        for (const FakeDecl& fake : scenario_.fakes)
            if (fake.name) names.push_back(*fake.name);
        for (const ForkOrderDecl& order : scenario_.fork_order) names.push_back(order.process);
        for (const HoldDecl& hold : scenario_.holds)
            if (!hold.name && std::ranges::find(names, hold.at.value, &Text::value) == names.end())
                names.push_back(hold.at);
        return names;
    }

    void defined(const Text& name, std::string_view what, const std::vector<std::string>& known) {
        if (name.value.empty() || std::ranges::find(known, name.value) != known.end()) return;
        problems_.error(name.at, fmt::format("there is no {} \"{}\"{}", what, name.value,
                                             did_you_mean(name.value, known)));
    }

    void points_of_holds() {
        const auto points = names_of(scenario_.points);
        for (const HoldDecl& hold : scenario_.holds) {
            defined(hold.at, "point", points);
            defined(hold.until, "point", points);
        }
    }

    void parameters() {
        for (const ParamDecl& param : scenario_.params)
            if (std::ranges::find(builtin_params(), param.name.value) != builtin_params().end())
                problems_.error(param.name.at,
                                fmt::format("the parameter \"{}\" is built in", param.name.value));
        size_t runs = 1;
        for (const MatrixAxis& axis : scenario_.matrix) {
            defined(axis.name, "parameter", names_of(scenario_.params));
            runs = std::min(runs * std::max<size_t>(1, axis.values.size()), max_matrix_runs + 1);
            if (runs <= max_matrix_runs) continue;
            problems_.error(axis.name.at,
                            fmt::format("the matrix has more than {} combinations", max_matrix_runs));
            break;
        }
    }

    void references() {
        std::vector<std::string> all = names_of(scenario_.params);
        all.insert(all.end(), builtin_params().begin(), builtin_params().end());
        for_each_text(scenario_, [&](const Text& text) { references_of(text, all, "parameter"); });
        for_each_param_value(scenario_, [&](const Text& text) {
            references_of(text, builtin_params(), "built-in parameter");
        });
    }

    void references_of(const Text& text, const std::vector<std::string>& known, std::string_view what) {
        const auto names = find_references(text.value);
        if (!names)
            problems_.error(text.at, names.error(), "write ${name}, and $${ where \"${\" itself is meant");
        else
            for (const std::string& name : *names) defined({name, text.at}, what, known);
    }

    void control(const ControlDecl& control) {
        std::vector<std::string> names;
        for (const Text& name : droppable()) names.push_back(name.value);
        for (const Text& drop : control.drop) defined(drop, "hold, fault or fake", names);
        for (const auto& [name, value] : control.set) defined(name, "parameter", names_of(scenario_.params));
    }

    const Scenario& scenario_;
    Problems& problems_;
};

}  // namespace

void check_names(const Scenario& scenario, Problems& problems) {
    NameCheck(scenario, problems).run();
}

}  // namespace rehang
