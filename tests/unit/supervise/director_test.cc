#include "supervise/director.h"

#include "catch.h"

using namespace rehang;
using std::chrono::seconds;
using Phase = HoldState::Phase;

namespace {

PlannedPoint point(const char* name, const char* process, const char* thread,
                   PointEvent event = EntersSymbol{"lib.so", "f"}) {
    return {.name = name,
            .process = *ProcessPath::parse(process),
            .thread = *ThreadSelector::parse(thread),
            .event = event,
            .nth = 1,
            .at = {}};
}

PlannedHold hold(size_t at, size_t until) {
    return {.name = "hold", .at = at, .until = until, .limit = seconds(3), .span = {}};
}

constexpr pid_t main_tid = 100;
constexpr pid_t other_tid = 101;
const Instant start{};

}  // namespace

TEST_CASE("a thread at a held point stays until another thread reaches the awaited point") {
    Plan plan;
    plan.points = {point("fork", "p", "main"), point("locked", "p", "!main")};
    plan.holds = {hold(0, 1)};
    Director director(plan);

    CHECK(director.pass(0, main_tid, 1, "p", start).stay);
    CHECK(director.held_at(main_tid) == "fork");
    const auto step = director.pass(1, other_tid, 2, "p", start);
    CHECK_FALSE(step.stay);
    CHECK(step.released == std::vector{main_tid});
    CHECK(director.order_complete());
    CHECK_FALSE(director.held_at(main_tid));
}

TEST_CASE("nobody has to stay when the awaited point came first") {
    Plan plan;
    plan.points = {point("fork", "p", "main"), point("locked", "p", "!main")};
    plan.holds = {hold(0, 1)};
    Director director(plan);

    director.pass(1, other_tid, 2, "p", start);
    CHECK_FALSE(director.pass(0, main_tid, 1, "p", start).stay);
    CHECK(director.order_complete());
}

TEST_CASE("a hold where an optional fault fires is not missed when the fault never does") {
    Plan plan;
    plan.syscall_faults.resize(1);
    plan.points = {point("fails", "p", "any", FaultFires{.fault = 0}), point("locked", "p", "!main")};
    plan.holds = {hold(0, 1)};
    Director director(plan);
    CHECK_FALSE(director.order_complete());
    plan.syscall_faults[0].optional = true;
    CHECK(director.order_complete());

    // One that did fire has to be held as long as it was asked for.
    CHECK(director.pass(0, main_tid, 1, "p", start).stay);
    CHECK_FALSE(director.order_complete());
    director.pass(1, other_tid, 2, "p", start);
    CHECK(director.order_complete());
}

TEST_CASE("a hold that is impossible is missed only where the scenario can't do without it") {
    Plan plan;
    plan.points = {point("locked", "p", "!main"), point("child", "p/1", "main"), point("fork", "p", "main"),
                   point("never", "p/9", "main")};
    plan.holds = {hold(0, 1), hold(2, 3)};
    plan.holds[0].if_impossible = IfImpossible::go_on;
    Director director(plan);
    director.pass(0, other_tid, 2, "p", start);
    director.pass(2, main_tid, 1, "p", start);
    CHECK(director.active_but_dispensable() == std::vector<size_t>{0});

    CHECK(director.let_go_as_impossible(0) == other_tid);
    CHECK(director.complete(0));
    CHECK_FALSE(director.complete(1));
    CHECK(director.active_but_dispensable().empty());
    CHECK_FALSE(director.let_go_as_impossible(0));  // a second time
    CHECK(director.expire(1) == main_tid);
    CHECK_FALSE(director.complete(1));
}

TEST_CASE("only the selected threads count, and only the nth pass reaches the point") {
    Plan plan;
    plan.points = {point("second", "p", "!main")};
    plan.points[0].nth = 2;
    Director director(plan);

    director.pass(0, main_tid, 1, "p", start);
    director.pass(0, other_tid, 2, "p", start);
    CHECK_FALSE(director.points()[0].reached);
    director.pass(0, other_tid, 2, "p", start);
    CHECK(director.points()[0].reached);
    CHECK(director.points()[0].thread_nth == 2);
}

TEST_CASE("a selector by name is decided when the thread is there, since names change") {
    Plan plan;
    plan.points = {point("worker", "p", "name:worker")};
    Director director(plan);

    CHECK(director.open_points<EntersSymbol>(*ProcessPath::parse("p"), 5).size() == 1);
    director.pass(0, other_tid, 5, "other", start);
    CHECK_FALSE(director.points()[0].reached);
    director.pass(0, other_tid, 5, "worker", start);
    CHECK(director.points()[0].reached);
    CHECK(director.open_points<EntersSymbol>(*ProcessPath::parse("p"), 5).empty());
}

TEST_CASE("points belong to one process and one kind of event") {
    Plan plan;
    plan.points = {point("child", "p/1", "main")};
    const Director director(plan);

    CHECK(director.open_points<EntersSymbol>(*ProcessPath::parse("p/1"), 1).size() == 1);
    CHECK(director.open_points<EntersSymbol>(*ProcessPath::parse("p"), 1).empty());
    CHECK(director.open_points<EntersSymbol>(*ProcessPath::parse("p/1"), 2).empty());
    CHECK(director.open_points<IsBorn>(*ProcessPath::parse("p/1"), 1).empty());
}

TEST_CASE("a point with @exec belongs to one program of its process") {
    Plan plan;
    plan.points = {point("sh", "p/1@exec1", "main"), point("any", "p/1", "main")};
    const Director director(plan);
    const auto open = [&](const char* now) {
        return director.open_points<EntersSymbol>(*ProcessPath::parse(now), 1);
    };
    CHECK(open("p/1@exec0") == std::vector<size_t>{1});
    CHECK(open("p/1@exec1") == std::vector<size_t>{0, 1});
    CHECK(open("p/1@exec2") == std::vector<size_t>{1});
}

TEST_CASE("a thread that several holds keep goes on after the last of them") {
    Plan plan;
    plan.points = {point("here", "p", "main"), point("a", "p", "nth:2"), point("b", "p", "nth:3")};
    plan.holds = {hold(0, 1), hold(0, 2)};
    Director director(plan);

    CHECK(director.pass(0, main_tid, 1, "p", start).stay);
    CHECK(director.pass(1, 101, 2, "p", start).released.empty());
    CHECK(director.pass(2, 102, 3, "p", start).released == std::vector{main_tid});
}

TEST_CASE("a hold past its limit can be given up, and then the order is not complete") {
    Plan plan;
    plan.points = {point("here", "p", "main"), point("never", "p", "!main")};
    plan.holds = {hold(0, 1)};
    Director director(plan);

    director.pass(0, main_tid, 1, "p", start);
    CHECK(director.next_limit() == start + seconds(3));
    CHECK(director.overdue(start + seconds(2)).empty());
    CHECK(director.overdue(start + seconds(3)) == std::vector<size_t>{0});
    CHECK(director.expire(0) == main_tid);
    CHECK(director.holds()[0].phase == Phase::expired);
    CHECK_FALSE(director.order_complete());
}

TEST_CASE("a held thread that is killed leaves its order unreached") {
    Plan plan;
    plan.points = {point("here", "p", "main"), point("never", "p", "!main")};
    plan.holds = {hold(0, 1)};
    Director director(plan);

    director.pass(0, main_tid, 1, "p", start);
    director.gone(main_tid);
    CHECK(director.holds()[0].phase == Phase::lost);
    CHECK(director.active().empty());
    CHECK_FALSE(director.order_complete());
}
