#include "catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "command.h"
#include "host/host.h"
#include "plan/make_plan.h"
#include "scenario/parse.h"

namespace rehang::bench {
namespace {

std::vector<std::string> scenario_files(const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        // A *.device.toml describes a device for scenarios.
        if (const auto& file = entry.path();
            file.extension() == ".toml" && file.stem().extension() != ".device")
            files.push_back(file);
    std::ranges::sort(files);
    return files;
}

std::unexpected<Error> broken(const Diagnostics& diagnostics) {
    return std::unexpected(
        Error{.kind = Error::Kind::usage, .what = format(diagnostics.front()), .hint = {}});
}

Entry make_entry(const Scenario& scenario, Plan plan) {
    Entry entry{.label = plan.scenario, .plan = {}, .set = {}};
    for (const MatrixAxis& axis : scenario.matrix) {
        const std::string& value = plan.params.at(axis.name.value);
        entry.label += " " + value;
        entry.set.push_back(fmt::format("{}={}", axis.name.value, value));
    }
    entry.plan = std::move(plan);
    return entry;
}

bool can_run(const Plan& plan) {
    return std::ranges::all_of(plan.needs,
                               [](const std::string& need) { return check_need(need).has_value(); });
}

}  // namespace

Expected<std::vector<Entry>> read_catalogue(const Where& where, Fakes fakes) {
    std::vector<Entry> entries;
    for (const std::string& file : scenario_files(where.scenarios)) {
        const ParsedScenario parsed = load_scenario(file);
        if (has_errors(parsed.diagnostics)) return broken(parsed.diagnostics);
        Plans plans = make_plans(parsed.scenario, {.set = {}, .targets = where.targets});
        if (has_errors(plans.diagnostics)) return broken(plans.diagnostics);
        for (Plan& plan : plans.plans)
            if (plan.role == Role::scenario && (plan.fakes.empty() || fakes == Fakes::some) && can_run(plan))
                entries.push_back(make_entry(parsed.scenario, std::move(plan)));
    }
    return entries;
}

Expected<nlohmann::json> run_rehang(const Where& where, const std::string& file,
                                    const std::vector<std::string>& set, int repeat) {
    std::vector<std::string> argv = {where.rehang, "run", file,       "--quiet",
                                     "--json",     "-",   "--repeat", std::to_string(repeat)};
    for (const std::string& assignment : set) argv.insert(argv.end(), {"--set", assignment});
    auto finished = run(argv);
    if (!finished) return std::unexpected(std::move(finished.error()));
    if (finished->exit != 0)
        return std::unexpected(
            Error{.kind = Error::Kind::failed,
                  .what = fmt::format("{} came out with exit code {}", file, finished->exit),
                  .hint = fmt::format("see what it says: {}", fmt::join(argv, " "))});
    try {
        return nlohmann::json::parse(finished->output).at("runs");
    } catch (const nlohmann::json::exception& error) {
        return std::unexpected(
            Error{.kind = Error::Kind::failed,
                  .what = fmt::format("the report of {} can't be read: {}", file, error.what()),
                  .hint = {}});
    }
}

}  // namespace rehang::bench
