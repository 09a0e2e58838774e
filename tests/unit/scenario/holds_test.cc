// Holds that can never end or never hold, and orders of points that must not be taken for one.
#include "catch.h"
#include "scenario/hold_order.h"
#include "texts.h"

using namespace rehang;
using namespace rehang::test;

namespace {

OrderedPoint point(const std::string& process, const std::string& thread, OrderedPoint::Kind kind,
                   std::string event = {}, std::int64_t nth = 1) {
    return {.process = *ProcessPath::parse(process),
            .thread = *ThreadSelector::parse(thread),
            .kind = kind,
            .event = std::move(event),
            .nth = nth};
}
OrderedPoint birth(const std::string& process, const std::string& thread = "main") {
    return point(process, thread, OrderedPoint::Kind::born);
}
OrderedPoint exit_of(const std::string& process, const std::string& thread = "main") {
    return point(process, thread, OrderedPoint::Kind::exits);
}
OrderedPoint read_in(const std::string& process, const std::string& thread = "main", std::int64_t nth = 1) {
    return point(process, thread, OrderedPoint::Kind::other, "enter syscall:read", nth);
}

}  // namespace

TEST_CASE("nothing happens in a process or below it while it is held at its birth") {
    CHECK(only_after_release(birth("p/1"), read_in("p/1", "any")));
    CHECK(only_after_release(birth("p/1"), birth("p/1", "!main")));
    CHECK(only_after_release(birth("p/1"), birth("p/1/2")));
    CHECK(only_after_release(birth("p/1", "nth:1"), exit_of("p/1/2/1")));
    CHECK_FALSE(only_after_release(birth("p/1"), birth("p/1")));
    CHECK_FALSE(only_after_release(birth("p/1"), read_in("p")));
    CHECK_FALSE(only_after_release(birth("p/1"), read_in("p/2")));
    CHECK_FALSE(only_after_release(birth("p/1"), read_in("p/11")));
}

TEST_CASE("a held thread does not exit, nor does the process whose main it is") {
    CHECK(only_after_release(read_in("p"), exit_of("p")));
    CHECK(only_after_release(read_in("p", "nth:2"), exit_of("p", "nth:2")));
    CHECK_FALSE(only_after_release(read_in("p", "nth:2"), exit_of("p")));  // another thread may call exit()
    CHECK_FALSE(only_after_release(read_in("p", "any"), exit_of("p")));
    CHECK_FALSE(only_after_release(read_in("p", "!main"), exit_of("p", "!main")));
    CHECK_FALSE(only_after_release(read_in("p/1"), exit_of("p")));  // a parent may end before its child
}

TEST_CASE("a later time of an event comes after an earlier one in the same thread, not in any") {
    CHECK(only_after_release(read_in("p", "main", 1), read_in("p", "main", 2)));
    CHECK_FALSE(only_after_release(read_in("p", "main", 2), read_in("p", "main", 1)));
    CHECK_FALSE(only_after_release(read_in("p", "any", 1), read_in("p", "any", 2)));
}

TEST_CASE("other threads of a process with a held thread go on") {
    CHECK_FALSE(only_after_release(read_in("p"), birth("p/1")));  // another thread may fork
    CHECK_FALSE(only_after_release(read_in("p"), read_in("p", "!main")));
    CHECK_FALSE(only_after_release(birth("p", "!main"), read_in("p", "!main")));  // of another such thread
}

TEST_CASE("circles are found once, the shortest one, and a hold that only waits for one is not in it") {
    const OrderedHold a = {.at = read_in("p"), .until = exit_of("p/1")};
    const OrderedHold b = {.at = read_in("p/1"), .until = exit_of("p/2")};
    const OrderedHold c = {.at = read_in("p/2"), .until = exit_of("p")};
    const OrderedHold outside = {.at = read_in("q"), .until = exit_of("p")};
    CHECK(find_circles({a, outside, b, c}) == std::vector<std::vector<size_t>>{{0, 2, 3}});
    CHECK(find_circles({a, b, outside}).empty());
    CHECK(find_circles({}).empty());
}

namespace {

constexpr std::string_view two_children = R"([point.first_reads]
process = "probe/1"
thread = "main"
enter = "syscall:read"
[point.first_ends]
process = "probe/1"
exits = true
[point.second_reads]
process = "probe/2"
thread = "main"
enter = "syscall:read"
[point.second_ends]
process = "probe/2"
exits = true
)";

}  // namespace

TEST_CASE("two holds that wait for each other's threads to exit are reported with every link") {
    CHECK(mistakes_with(std::string(two_children) +
                        "[[hold]]\nat = \"first_reads\"\nuntil = \"second_ends\"\n"
                        "[[hold]]\nname = \"back\"\nat = \"second_reads\"\nuntil = \"first_ends\"\n") ==
          Lines{"x.toml:24:1: error: these holds wait for each other in a circle: "
                "\"first_reads\" (line 24) lasts until \"second_ends\" (line 21), which comes only after "
                "probe/2 goes on from "
                "\"second_reads\" (line 17); "
                "\"back\" (line 27) lasts until \"first_ends\" (line 14), which comes only after probe/1 "
                "goes on from "
                "\"first_reads\" (line 10)"});
    CHECK(mistakes_with(std::string(two_children) +
                        "[[hold]]\nat = \"first_reads\"\nuntil = \"second_ends\"\n") == Lines{});
}

TEST_CASE("a process held at its birth until something inside it") {
    CHECK(mistakes_with("[point.child]\nprocess = \"probe/1\"\nborn = true\n"
                        "[point.inside]\nprocess = \"probe/1/1\"\nenter = \"syscall:read\"\n"
                        "[[hold]]\nat = \"child\"\nuntil = \"inside\"\n") ==
          Lines{"x.toml:16:1: error: this hold waits for itself: \"child\" (line 16) lasts until \"inside\" "
                "(line 13), which comes "
                "only after probe/1 goes on from \"child\" (line 10)"});
}

TEST_CASE("a hold until something that has always come before never holds") {
    CHECK(mistakes_with("[point.child]\nprocess = \"probe/1\"\nborn = true\n"
                        "[point.inside]\nprocess = \"probe/1/1\"\nenter = \"syscall:read\"\n"
                        "[[hold]]\nat = \"inside\"\nuntil = \"child\"\n") ==
          Lines{"x.toml:18:9: error: this hold never holds: \"child\" (line 10) comes before \"inside\" "
                "(line 13), or not at all"});
    CHECK(
        mistakes_with(std::string(two_children) + "[[hold]]\nat = \"first_ends\"\nuntil = \"first_reads\"\n")
            .size() == 1);
}

TEST_CASE("a hold until its own point, and two holds at one point") {
    CHECK(mistakes_with(std::string(two_children) +
                        "[[hold]]\nat = \"first_reads\"\nuntil = \"first_reads\"\n") ==
          Lines{"x.toml:26:9: error: a thread held at \"first_reads\" can't wait for the same point"});
    CHECK(mistakes_with(std::string(two_children) +
                        "[[hold]]\nat = \"first_reads\"\nuntil = \"second_reads\"\n"
                        "[[hold]]\nat = \"first_reads\"\nuntil = \"second_ends\"\n") ==
          Lines{"x.toml:28:6: error: there is a hold at \"first_reads\" already, in line 25\n"
                "    a point can have one hold: make a second point for the next time (nth)"});
}

TEST_CASE("holds that hand over to each other are no circle") {
    CHECK(mistakes_with(std::string(two_children) +
                        "[[hold]]\nat = \"first_reads\"\nuntil = \"second_reads\"\n"
                        "[[hold]]\nat = \"second_reads\"\nuntil = \"first_ends\"\n") == Lines{});
}
