#include "plan/breakpoints.h"

#include <fmt/format.h>

#include "plans.h"

using namespace rehang;
using namespace rehang::test;

namespace {

// A point at a function for each selector, all in `process`.
std::string points_for(const Lines& selectors, const std::string& process = "probe") {
    static int number = 0;
    std::string text;
    for (const std::string& selector : selectors)
        text += fmt::format("[point.p{}]\nprocess = \"{}\"\nthread = \"{}\"\nenter = \"l.so!f\"\n", ++number,
                            process, selector);
    return text;
}

}  // namespace

TEST_CASE("three points at functions are possible for a thread, four are not") {
    CHECK(mistakes_of(points_for({"main", "main", "main"})).empty());
    const auto lines = mistakes_of(points_for({"main", "any", "nth:1", "main"}));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with(
        "dir/x.toml:25:9: error: 4 points at functions can concern one thread of probe, and a thread can "
        "be watched for 3\n"));
}

TEST_CASE("points of different threads and processes do not add up") {
    CHECK(mistakes_of(points_for({"main", "main", "!main", "!main", "!main"})).empty());
    CHECK(mistakes_of(points_for({"nth:2", "nth:3", "nth:4", "nth:5"})).empty());
    CHECK(mistakes_of(points_for({"any", "any"}) + points_for({"any", "any"}, "probe/1")).empty());
}

TEST_CASE("selectors that can mean the same thread add up") {
    CHECK(mistakes_of(points_for({"name:w", "nth:2", "!main", "any"})).size() == 1);
    CHECK(mistakes_of(points_for({"name:w", "name:v", "!main", "any"})).empty());
}

TEST_CASE("points at system calls need no breakpoint") {
    std::string text;
    for (const char* call : {"read", "write", "close", "futex", "clone"})
        text += fmt::format("[point.{0}]\nprocess = \"probe\"\nenter = \"syscall:{0}\"\n", call);
    CHECK(mistakes_of(text).empty());
}
