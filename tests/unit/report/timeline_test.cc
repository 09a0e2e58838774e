#include "report/timeline.h"

#include "catch.h"
#include "example_report.h"

namespace rehang {
namespace {

TEST_CASE("the timeline, word for word") {
    CHECK(timeline_section(inherited_lock_hang(), {}) == R"(
Timeline
       0.40 ms  probe/1 main      is born
       0.50 ms  probe/1 main      executes /usr/bin/daemonizer
       1.10 ms  probe/1 thread 2  is born of probe/1 main
       1.50 ms  probe/1 thread 2  reaches the point rcu_in_lock
       1.50 ms  probe/1 thread 2  is held at rcu_in_lock
       3.80 ms  probe/1/1 main    is born of probe/1 main
       3.80 ms  probe/1/1 main    reaches the point grandchild
       3.80 ms  probe/1 thread 2  goes on: grandchild was reached by probe/1/1 main
       4.00 ms  probe             stdout: starting\n
       4.10 ms  rehang            looks: somebody may go on
       4.50 ms  probe/1 main      ends with 0
       7.60 ms  rehang            hung: inherited-lock, proven
)");
    CHECK(timeline_section(good_control(), {}).empty());
}

TEST_CASE("what a target wrote can't disturb the terminal") {
    CHECK(escaped("a\n\x1b[2J\tb\x7f") == "a\\n\\x1b[2J\\tb\\x7f");
    EventReport output;
    output.kind = EventKind::output;
    output.name = "stderr";
    output.text = "\x1b]0;title\x07";
    CHECK(event_text(output) == "stderr: \\x1b]0;title\\x07");
}

TEST_CASE("a long timeline is cut in the text") {
    RunReport report = inherited_lock_hang();
    const EventReport one = report.events.front();
    report.events.assign(10'000, one);
    const std::string text = timeline_section(report, {});
    CHECK(std::ranges::count(text, '\n') < 500);
    CHECK(text.find("more: --json has them all") != std::string::npos);
}

}  // namespace
}  // namespace rehang
