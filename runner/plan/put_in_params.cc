#include "plan/put_in_params.h"

#include <set>

#include "scenario/references.h"

namespace rehang {

ScenarioWithParams put_in_params(const Scenario& scenario, const Params& params,
                                 const BuiltinParams& builtin) {
    std::set<std::string> used;
    const auto builtin_value = [&](const std::string& name) {
        const std::string& folder = name == "targets"        ? builtin.targets
                                    : name == "scenario_dir" ? builtin.scenario_dir
                                                             : builtin.arm64_root;
        used.insert(folder);
        return folder;
    };
    const auto value_of = [&](const std::string& name) {
        const auto param = params.find(name);
        return param == params.end() ? builtin_value(name) : substitute(param->second, builtin_value);
    };
    ScenarioWithParams result{.scenario = scenario, .used_folders = {}};
    for_each_text(result.scenario, [&](Text& text) { text.value = substitute(text.value, value_of); });
    result.used_folders.assign(used.begin(), used.end());
    return result;
}

}  // namespace rehang
