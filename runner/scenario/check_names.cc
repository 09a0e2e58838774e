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
        for (const FaultDecl& fault : scenario_.faults)
            if (fault.call) window_and_hold(fault, *fault.call);
        faults_of_points();
        parameters();
        references();
        impossible_holds(scenario_.expect);
        for (const ExpectForDecl& other : scenario_.expect_for) impossible_holds(other.expect);
        if (scenario_.control) {
            control(*scenario_.control);
            impossible_holds(scenario_.control->expect);
        }
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

    void window_and_hold(const FaultDecl& fault, const SyscallFaultDecl& call) {
        const auto points = names_of(scenario_.points);
        const bool after_entry = call.after && call.after->value == after_entry_word;
        if (call.after && !after_entry) defined(*call.after, "point", points);
        if (call.before) defined(*call.before, "point", points);
        if (call.hold) defined(*call.hold, "point", points);
        if (call.while_held) defined(*call.while_held, "hold", names_of_holds());
        if (call.while_held && call.while_held->value == fault.name.value)
            problems_.error(call.while_held->at, "a fault can't wait for the hold that it makes itself");
        if (call.after && call.before && call.after->value == call.before->value)
            problems_.error(call.before->at, fmt::format("nothing is after and before \"{}\" (line {})",
                                                         call.before->value, call.after->at.line));
        if (const PointDecl* point = after_entry ? find_point(after_entry_word) : nullptr)
            problems_.error(point->name.at,
                            fmt::format("after = \"{}\" (line {}) means the program's main(), not this point",
                                        after_entry_word, call.after->at.line),
                            "give the point another name");
        const PointDecl* until = call.hold ? find_point(call.hold->value) : nullptr;
        if (until && until->fault && until->fault->value == fault.name.value && until->nth.value == 1)
            problems_.error(call.hold->at, fmt::format("nobody is held until \"{}\": it is reached when this "
                                                       "fault fires (line {})",
                                                       call.hold->value, until->fault->at.line));
    }

    const PointDecl* find_point(std::string_view name) const {
        const auto point =
            std::ranges::find(scenario_.points, name, [](const PointDecl& p) { return p.name.value; });
        return point == scenario_.points.end() ? nullptr : &*point;
    }

    // What `while` can name: a hold, its point, a fault that holds, the child of a [fork_order].
    std::vector<std::string> names_of_holds() const {
        std::vector<std::string> names;
        for (const HoldDecl& hold : scenario_.holds) {
            if (hold.name) names.push_back(hold.name->value);
            names.push_back(hold.at.value);
        }
        for (const FaultDecl& fault : scenario_.faults)
            if (fault.call && fault.call->hold) names.push_back(fault.name.value);
        for (const ForkOrderDecl& order : scenario_.fork_order) names.push_back(order.process.value);
        return names;
    }

    void impossible_holds(const ExpectDecl& expect) {
        std::vector<std::string> known;
        for (const HoldDecl& hold : scenario_.holds) known.push_back(hold.name.value_or(hold.at).value);
        for (const Text& name : expect.impossible) defined(name, "hold", known);
    }

    void faults_of_points() {
        std::vector<std::string> that_fire;
        for (const FaultDecl& fault : scenario_.faults)
            if (fault.call) that_fire.push_back(fault.name.value);
        for (const PointDecl& point : scenario_.points) {
            if (!point.fault) continue;
            const auto fault = std::ranges::find(scenario_.faults, point.fault->value,
                                                 [](const FaultDecl& f) { return f.name.value; });
            if (fault == scenario_.faults.end())
                defined(*point.fault, "system call fault", that_fire);
            else if (!fault->call)
                problems_.error(point.fault->at,
                                fmt::format("\"{}\" is a function fault (line {}), which nobody sees happen",
                                            point.fault->value, fault->name.at.line),
                                "write a point at the function: enter = \"MODULE!SYMBOL\"");
            else if (fault->call->in_kernel)
                problems_.error(point.fault->at,
                                fmt::format("nobody sees \"{}\" fire: the kernel answers by itself (line {})",
                                            point.fault->value, fault->call->place_of("in_kernel")->line));
        }
    }

    void parameters() {
        for (const ParamDecl& param : scenario_.params)
            if (std::ranges::find(builtin_params(), param.name.value) != builtin_params().end())
                problems_.error(param.name.at,
                                fmt::format("the parameter \"{}\" is built in", param.name.value));
        size_t runs = 1;
        for (const ExpectForDecl& other : scenario_.expect_for)
            for (const auto& [name, patterns] : other.params)
                defined(name, "parameter", names_of(scenario_.params));
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
        for (const FaultDecl& fault : scenario_.faults)
            if (fault.call && !is_dropped(fault.name.value, control)) still_there(*fault.call, control);
        for (const HoldDecl& hold : scenario_.holds) {
            if (is_dropped(hold.name.value_or(hold.at).value, control)) continue;
            still_reached(hold.at, control);
            still_reached(hold.until, control);
        }
        for (const auto& [name, value] : control.set) defined(name, "parameter", names_of(scenario_.params));
    }

    static bool is_dropped(std::string_view name, const ControlDecl& control) {
        return std::ranges::find(control.drop, name, &Text::value) != control.drop.end();
    }

    // What a fault of the control refers to.
    void still_there(const SyscallFaultDecl& fault, const ControlDecl& control) {
        for (const auto* point : {&fault.after, &fault.before, &fault.hold})
            if (*point) still_reached(**point, control);
        if (!fault.while_held) return;
        const std::string& wanted = fault.while_held->value;
        const auto hold = std::ranges::find_if(scenario_.holds, [&](const HoldDecl& candidate) {
            return candidate.at.value == wanted || (candidate.name && candidate.name->value == wanted);
        });
        const std::string& name =
            hold == scenario_.holds.end() ? wanted : hold->name.value_or(hold->at).value;
        if (is_dropped(name, control))
            problems_.error(fault.while_held->at,
                            fmt::format("the control drops the hold \"{}\" (line {}), but not this fault",
                                        name, control.at.line));
    }

    // A point that a fault reaches is gone with the fault.
    void still_reached(const Text& name, const ControlDecl& control) {
        const PointDecl* point = find_point(name.value);
        if (point && point->fault && is_dropped(point->fault->value, control))
            problems_.error(name.at,
                            fmt::format("the control (line {}) drops the fault \"{}\", and nothing else "
                                        "reaches \"{}\"",
                                        control.at.line, point->fault->value, name.value));
    }

    const Scenario& scenario_;
    Problems& problems_;
};

}  // namespace

void check_names(const Scenario& scenario, Problems& problems) {
    NameCheck(scenario, problems).run();
}

}  // namespace rehang
