#include <fmt/format.h>

#include <limits>

#include "base/suggest.h"
#include "scenario/sections.h"

namespace rehang {
namespace {

PointDecl read_point(const Text& name, Fields& fields) {
    PointDecl point;
    point.at = fields.at();
    point.name = name;
    point.process = fields.text("process");
    point.thread = fields.maybe_text("thread");
    fields.need_exactly_one(
        {"enter", "leave", "born", "exits", "execs", "signal", "file", "fork", "prints", "fault"});
    point.enter = fields.maybe_text("enter");
    point.leave = fields.maybe_text("leave");
    point.born = fields.maybe_flag("born");
    point.exits = fields.maybe_flag("exits");
    point.execs = fields.maybe_flag_or_text("execs", "*");
    point.signal = fields.maybe_text("signal");
    point.file = fields.maybe_text("file");
    fields.table("fork", [&](Fields& fork) {
        fork.need_exactly_one({"parent", "child"});
        if (const auto at = fork.maybe_flag("parent")) point.fork = {ForkSide::parent, *at};
        if (const auto at = fork.maybe_flag("child")) point.fork = {ForkSide::child, *at};
    });
    point.prints = fields.maybe_text("prints");
    point.stream = fields.maybe_text("stream");
    point.fault = fields.maybe_text("fault");
    point.where = fields.maybe_text_pairs("where");
    constexpr std::int64_t most_times = std::numeric_limits<std::int32_t>::max();
    if (const auto nth = fields.maybe_integer("nth", 1, most_times)) point.nth = *nth;
    return point;
}

HoldDecl read_hold(Fields& fields) {
    HoldDecl hold;
    hold.at_span = fields.at();
    hold.name = fields.maybe_text("name");
    hold.at = fields.text("at");
    hold.until = fields.text("until");
    hold.limit = fields.maybe_duration("limit");
    hold.if_impossible = fields.maybe_word("if_impossible", parse_if_impossible, if_impossible_texts());
    return hold;
}

// "probe/1" = "child-first"
void read_fork_order(Fields& root, Scenario& scenario, Problems& problems) {
    for (auto& [process, order] : root.maybe_text_pairs("fork_order")) {
        if (const auto first = parse_fork_order(order.value))
            scenario.fork_order.push_back({.process = process, .first = {*first, order.at}});
        else
            problems.error(order.at,
                           fmt::format("unknown order \"{}\"{}", order.value,
                                       did_you_mean(order.value, fork_order_texts())),
                           R"(write "parent-first" or "child-first")");
    }
}

}  // namespace

void read_timing(Fields& root, Scenario& scenario, Problems& problems) {
    root.each_named_table("point", [&](const Text& name, Fields& fields) {
        scenario.points.push_back(read_point(name, fields));
    });
    root.each_table("hold", [&](Fields& fields) { scenario.holds.push_back(read_hold(fields)); });
    read_fork_order(root, scenario, problems);
}

}  // namespace rehang
