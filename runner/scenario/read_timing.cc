#include <limits>

#include "scenario/sections.h"

namespace rehang {
namespace {

PointDecl read_point(const Text& name, Fields& fields) {
    PointDecl point;
    point.at = fields.at();
    point.name = name;
    point.process = fields.text("process");
    point.thread = fields.maybe_text("thread");
    fields.need_exactly_one({"enter", "leave", "born", "exits", "execs", "signal", "file"});
    point.enter = fields.maybe_text("enter");
    point.leave = fields.maybe_text("leave");
    point.born = fields.maybe_flag("born");
    point.exits = fields.maybe_flag("exits");
    point.execs = fields.maybe_flag_or_text("execs", "*");
    point.signal = fields.maybe_text("signal");
    point.file = fields.maybe_text("file");
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
    return hold;
}

}  // namespace

void read_timing(Fields& root, Scenario& scenario) {
    root.each_named_table("point", [&](const Text& name, Fields& fields) {
        scenario.points.push_back(read_point(name, fields));
    });
    root.each_table("hold", [&](Fields& fields) { scenario.holds.push_back(read_hold(fields)); });
}

}  // namespace rehang
