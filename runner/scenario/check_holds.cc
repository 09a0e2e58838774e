#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "scenario/checks.h"
#include "scenario/hold_order.h"
#include "scenario/references.h"

namespace rehang {
namespace {

// A hold whose two points are defined and understood.
struct KnownHold {
    const HoldDecl* declared;
    const PointDecl* at;
    const PointDecl* until;
    OrderedHold order;
};

std::string name_of(const HoldDecl& hold) {
    return hold.name ? hold.name->value : hold.at.value;
}

class HoldCheck {
  public:
    HoldCheck(const Scenario& scenario, Stage stage, Problems& problems)
        : scenario_(scenario), stage_(stage), problems_(problems) {}

    void run() {
        one_hold_for_each_point();
        somebody_stands_there();
        std::vector<KnownHold> holds;
        for (const HoldDecl& hold : scenario_.holds) {
            if (hold.at.value.empty()) continue;
            if (hold.at.value == hold.until.value)
                problems_.error(
                    hold.until.at,
                    fmt::format("a thread held at \"{}\" can't wait for the same point", hold.at.value));
            else if (auto known = resolve(hold))
                holds.push_back(std::move(*known));
        }
        for (const KnownHold& hold : holds) can_hold(hold);
        circles(holds);
    }

  private:
    void one_hold_for_each_point() {
        std::map<std::string, Span> first;
        for (const HoldDecl& hold : scenario_.holds) {
            const auto [known, is_new] = first.emplace(hold.at.value, hold.at.at);
            if (!is_new && !hold.at.value.empty())
                problems_.error(hold.at.at,
                                fmt::format("there is a hold at \"{}\" already, in line {}", hold.at.value,
                                            known->second.line),
                                "a point can have one hold: make a second point for the next time (nth)");
        }
    }

    // What is printed is seen when it has been written, and whoever wrote it has gone on.
    void somebody_stands_there() {
        for (const HoldDecl& hold : scenario_.holds) {
            const PointDecl* at = find(hold.at);
            if (at && at->prints)
                problems_.error(
                    hold.at.at,
                    fmt::format(
                        "nobody can be held at \"{}\": what is printed is seen when it has been written",
                        hold.at.value),
                    "hold at enter = \"syscall:write\" with where = { fd = 1 }; \"until\" may be a point "
                    "that prints");
        }
    }

    const PointDecl* find(const Text& name) const {
        const auto point =
            std::ranges::find(scenario_.points, name.value, [](const PointDecl& p) { return p.name.value; });
        return point == scenario_.points.end() ? nullptr : &*point;
    }

    std::optional<OrderedPoint> understood(const PointDecl& point) const {
        const auto open = [&](const Text& text) {
            return stage_ == Stage::as_written && has_references(text.value);
        };
        if (open(point.process) || (point.thread && open(*point.thread))) return std::nullopt;
        return ordered(point);
    }

    std::optional<KnownHold> resolve(const HoldDecl& hold) const {
        const PointDecl* at = find(hold.at);
        const PointDecl* until = find(hold.until);
        if (!at || !until) return std::nullopt;
        const auto at_order = understood(*at);
        const auto until_order = understood(*until);
        if (!at_order || !until_order) return std::nullopt;
        return KnownHold{
            .declared = &hold, .at = at, .until = until, .order = {.at = *at_order, .until = *until_order}};
    }

    void can_hold(const KnownHold& hold) {
        if (never_later(hold.order.until, hold.order.at))
            problems_.error(
                hold.declared->until.at,
                fmt::format(
                    "this hold never holds: \"{}\" (line {}) comes before \"{}\" (line {}), or not at all",
                    hold.until->name.value, hold.until->name.at.line, hold.at->name.value,
                    hold.at->name.at.line));
    }

    void circles(const std::vector<KnownHold>& holds) {
        std::vector<OrderedHold> order;
        order.reserve(holds.size());
        for (const KnownHold& hold : holds) order.push_back(hold.order);
        for (const auto& circle : find_circles(order)) {
            std::string chain;
            for (size_t i = 0; i < circle.size(); ++i)
                chain += link(holds[circle[i]], holds[circle[(i + 1) % circle.size()]], chain.empty());
            const std::string start = circle.size() == 1 ? "this hold waits for itself: "
                                                         : "these holds wait for each other in a circle: ";
            problems_.error(holds[circle.front()].declared->at_span, start + chain);
        }
    }

    static std::string link(const KnownHold& hold, const KnownHold& next, bool first) {
        return fmt::format(
            "{}\"{}\" (line {}) lasts until \"{}\" (line {}), which comes only after {} goes on from \"{}\" "
            "(line {})",
            first ? "" : "; ", name_of(*hold.declared), hold.declared->at_span.line, hold.until->name.value,
            hold.until->name.at.line, next.at->process.value, next.at->name.value, next.at->name.at.line);
    }

    const Scenario& scenario_;
    Stage stage_;
    Problems& problems_;
};

}  // namespace

void check_holds(const Scenario& scenario, Stage stage, Problems& problems) {
    HoldCheck(scenario, stage, problems).run();
}

}  // namespace rehang
