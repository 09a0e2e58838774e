#include "report/summary.h"

#include "catch.h"
#include "example_report.h"

namespace rehang {
namespace {

std::vector<RunGroup> group_runs(const std::vector<RunReport>& runs) {
    Summary summary;
    for (const RunReport& run : runs) summary.add(run);
    return summary.groups();
}

TEST_CASE("runs that are the same are called identical") {
    const auto groups = group_runs({inherited_lock_hang(), inherited_lock_hang(), good_control()});
    REQUIRE(groups.size() == 2);
    CHECK(groups[0].runs == 2);
    CHECK(groups[0].as_expected == 2);
    CHECK(groups[0].identical());
    CHECK(render_summary(groups, {}) ==
          "✓ daemonize tcmalloc=libtcmalloc.so.4  2 of 2 as expected, identical (signature, pids, points), "
          "median 38 ms\n"
          "✓ daemonize (control)                  1 of 1 as expected, median 21 ms\n");
}

TEST_CASE("another pid, another order or another stack shows") {
    RunReport odd = inherited_lock_hang();
    SECTION("pid") {
        odd.processes[2].inner_pid = 9;
    }
    SECTION("order") {
        odd.points[0].reached_ms = 0.5;
    }
    SECTION("who reached a point") {
        odd.points[0].by = "probe/1 thread 3";
    }
    SECTION("signature") {
        odd.signature = "0000000000000000";
    }
    const auto groups = group_runs({inherited_lock_hang(), odd});
    REQUIRE(groups.size() == 1);
    CHECK_FALSE(groups[0].identical());
    CHECK(render_summary(groups, {}).find("different: ") != std::string::npos);
}

TEST_CASE("a process that was gone before it was looked at has no pid that could differ") {
    RunReport unseen = inherited_lock_hang();
    unseen.processes[1].inner_pid = 0;
    CHECK(group_runs({inherited_lock_hang(), unseen}).front().identical());
    unseen.processes.pop_back();
    CHECK_FALSE(group_runs({inherited_lock_hang(), unseen}).front().identical());
}

TEST_CASE("one run that did not come out as expected makes its line a bad one") {
    RunReport bad = good_control();
    bad.as_expected = false;
    CHECK(render_summary(group_runs({good_control(), bad, good_control()}), {}) ==
          "✗ daemonize (control)  2 of 3 as expected, identical (signature, pids, points), median 21 ms\n");
}

}  // namespace
}  // namespace rehang
