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
        text += fmt::format("[point.p{0}]\nprocess = \"{1}\"\nthread = \"{2}\"\nenter = \"l.so!f{0}\"\n",
                            ++number, process, selector);
    return text;
}

}  // namespace

TEST_CASE("three points at functions are possible for a thread, four are not") {
    CHECK(mistakes_of(points_for({"main", "main", "main"})).empty());
    const auto lines = mistakes_of(points_for({"main", "any", "nth:1", "main"}));
    REQUIRE(lines.size() == 1);
    CHECK(
        lines[0].starts_with("dir/x.toml:25:9: error: one thread of probe can't be watched for all of "
                             "\"p4\", \"p5\", \"p6\", \"p7\": it "
                             "takes 4 breakpoints, and there are 3\n"));
}

TEST_CASE("points in one place share a breakpoint, and to leave a function takes two") {
    const auto points = [](const Lines& events) {
        std::string text;
        for (size_t i = 0; i < events.size(); ++i)
            text += fmt::format("[point.p{}]\nprocess = \"probe\"\n{}\n", i, events[i]);
        return mistakes_of(text);
    };
    const std::string f = "enter = \"l.so!f\"", g = "enter = \"l.so!g\"", line = "enter = \"a.c:1\"";
    CHECK(points({f, f + "\nnth = 2", f + "\nnth = 3", f + "\nnth = 4", g}).empty());
    CHECK(points({"leave = \"l.so!f\"", f, g}).empty());
    CHECK(points({"leave = \"l.so!f\"", g, line}).size() == 1);
    CHECK(points({"leave = \"l.so!f\"", "leave = \"l.so!g\""}).size() == 1);
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

TEST_CASE("a fault that waits for main() takes a breakpoint of main threads, where it is in force") {
    const auto fault = [](const std::string& process, const std::string& more = "") {
        return "[[fault]]\nname = \"f\"\nprocess = \"" + process +
               "\"\nsyscall = \"read\"\nerrno = \"EIO\"\nafter = \"main\"\n" + more;
    };
    CHECK(mistakes_of(points_for({"main", "main"}) + fault("probe")).empty());
    const auto lines = mistakes_of(fault("probe") + points_for({"main", "any", "nth:1"}));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("after main\": it takes 4 breakpoints, and there are 3\n") != std::string::npos);
    // Not of other threads, nor of other processes.
    CHECK(mistakes_of(fault("probe") + points_for({"!main", "!main", "!main"})).empty());
    CHECK(mistakes_of(fault("probe/1") + points_for({"main", "main", "main"})).empty());
    CHECK(mistakes_of(fault("probe") + points_for({"main", "main", "main"}, "probe/1")).size() == 1);
    CHECK(mistakes_of(fault("probe", "below = false\n") + points_for({"main", "main", "main"}, "probe/1"))
              .empty());
    // One serves all faults.
    CHECK(
        mistakes_of(fault("probe") +
                    "[[fault]]\nname = \"g\"\nprocess = \"probe\"\nsyscall = \"write\"\nlog = true\nafter = "
                    "\"main\"\n" +
                    points_for({"main", "main"}))
            .empty());
}
