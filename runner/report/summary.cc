#include "report/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "report/describe.h"
#include "report/text_layout.h"

namespace rehang {

struct Summary::Collected {
    RunGroup group;
    std::set<std::string> signatures, trees, point_orders;
    std::map<std::string, std::set<pid_t>> pids;  // by path
    std::vector<double> totals_ms;

    void add(const RunReport& run);
    RunGroup finished() const;
};

namespace {

// Of a run that ended, the processes were looked at while they went: which of them were still seen is chance,
// and says nothing.
std::string tree_text(const RunReport& run) {
    if (run.outcome != Outcome::hung) return "";
    std::set<std::string> paths;
    for (const DiagnosedProcess& process : run.processes) paths.insert(process.path);
    return fmt::format("{}", fmt::join(paths, "\n"));
}

std::string points_text(const RunReport& run) {
    std::vector<const PointReport*> reached;
    for (const PointReport& point : run.points)
        if (point.reached_ms) reached.push_back(&point);
    std::ranges::stable_sort(reached, {}, [](const PointReport* point) { return *point->reached_ms; });
    std::string text;
    for (const PointReport* point : reached) text += fmt::format("{} {}\n", point->name, point->by);
    return text;
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

std::string sameness(const RunGroup& group) {
    if (group.runs < 2) return "";
    if (group.identical()) return ", identical (signature, pids, points)";
    return fmt::format(", different: {} signatures, {} sets of pids, {} orders of points", group.signatures,
                       group.pid_sets, group.point_orders);
}

}  // namespace

std::string group_name(const RunReport& run) {
    return run.scenario + params_text(run.params) + (run.role == Role::control ? " (control)" : "");
}

void Summary::Collected::add(const RunReport& run) {
    ++group.runs;
    if (run.as_expected) ++group.as_expected;
    signatures.insert(run.signature);
    trees.insert(tree_text(run));
    // Without a pid or a path: it was gone before it could be looked at.
    for (const DiagnosedProcess& process : run.processes)
        if (process.inner_pid != 0 && !process.path.empty()) pids[process.path].insert(process.inner_pid);
    point_orders.insert(points_text(run));
    totals_ms.push_back(run.timings_ms.total);
}

RunGroup Summary::Collected::finished() const {
    RunGroup all = group;
    all.signatures = signatures.size();
    all.pid_sets = trees.size();
    for (const auto& [path, seen] : pids) all.pid_sets = std::max(all.pid_sets, seen.size());
    all.point_orders = point_orders.size();
    all.median_ms = median(totals_ms);
    return all;
}

Summary::Summary() = default;
Summary::~Summary() = default;

void Summary::add(const RunReport& run) {
    const std::string name = group_name(run);
    auto found = std::ranges::find_if(collected_, [&](const Collected& c) { return c.group.name == name; });
    if (found == collected_.end()) {
        found = collected_.insert(collected_.end(), Collected());
        found->group.name = name;
    }
    found->add(run);
}

std::vector<RunGroup> Summary::groups() const {
    std::vector<RunGroup> groups;
    for (const Collected& collected : collected_) groups.push_back(collected.finished());
    return groups;
}

std::string render_summary(const std::vector<RunGroup>& groups, const TextStyle& style) {
    size_t names = 0;
    for (const RunGroup& group : groups) names = std::max(names, columns_of(group.name));
    std::string text;
    for (const RunGroup& group : groups) {
        const bool good = group.as_expected == group.runs;
        text += fmt::format("{} {}  {}{}, median {:.0f} ms\n",
                            painted(good ? "✓" : "✗", good ? Tone::good : Tone::bad, style),
                            padded(group.name, names),
                            fmt::format("{} of {} as expected", group.as_expected, group.runs),
                            sameness(group), group.median_ms);
    }
    return text;
}

}  // namespace rehang
