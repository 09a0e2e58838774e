// Every kind of point, where the kernel shows it.
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "supervised.h"

using namespace rehang;
using namespace rehang::test;

namespace {

EntersSymbol at_symbol(const char* symbol) {
    return EntersSymbol{{"supervise_target", symbol}};
}
LeavesSymbol leaving(const char* symbol) {
    return LeavesSymbol{{"supervise_target", symbol}};
}

// What the target has written when the point is reached: it stays there, and the run ends.
std::string written_at(Plan plan, PlannedPoint where) {
    plan.points = {std::move(where), point("never", "p/9", "main", IsBorn{})};
    plan.holds = {hold(0, 1, std::chrono::milliseconds(1))};
    Run run(std::move(plan));
    REQUIRE(*run.result);
    return run.reached(0) ? run.out() : "not reached";
}

// The line of target.cc that has this text.
unsigned line_with(const std::string& text) {
    std::ifstream source(TARGET_SOURCE);
    std::string line;
    for (unsigned number = 1; std::getline(source, line); ++number)
        if (line.find(text) != std::string::npos) return number;
    FAIL("no line of the target has " << text);
    return 0;
}

}  // namespace

TEST_CASE(
    "a function is left by a return: not by longjmp, not by an exception, and recursion belongs to it") {
    CHECK(written_at(plan_of("leaving"), point("l", "p", "main", leaving("ways_out"))) == "jdc");
    CHECK(written_at(plan_of("leaving"), point("l", "p", "main", leaving("ways_out"), 2)) == "not reached");
    CHECK(written_at(plan_of("leaving"), point("l", "p", "main", leaving("countdown"))) == "jdcrnnn0");
    CHECK(written_at(plan_of("leaving"), point("l", "p", "main", leaving("countdown"), 2)) == "not reached");
    // Entered more often than left.
    CHECK(written_at(plan_of("leaving"), point("e", "p", "main", at_symbol("ways_out"), 4)) == "jdc");
    CHECK(written_at(plan_of("leaving"), point("e", "p", "main", at_symbol("countdown"), 3)) == "jdcrnn");
}

TEST_CASE("functions of a library that comes late, goes, and comes back elsewhere") {
    const Plan plan = plan_of("loading", {LATE_LIBRARY});
    const EntersSymbol late{{"supervise_late.so", "late_function"}};
    Plan entered = plan;
    entered.points = {
        point("1", "p", "main", late), point("2", "p", "main", late, 2), point("3", "p", "main", late, 3),
        point("left twice", "p", "main", LeavesSymbol{{"supervise_late.so", "late_function"}}, 2)};
    Run run(entered);
    CHECK(WEXITSTATUS(run.status()) == 0);
    CHECK(run.reached(0));
    CHECK(run.reached(1));
    CHECK_FALSE(run.reached(2));
    CHECK(run.reached(3));
}

TEST_CASE("a fault is put into each new mapping of a library") {
    Plan plan = plan_of("loading", {LATE_LIBRARY});
    plan.function_faults = {{.name = "f",
                             .process = *ProcessPath::parse("p"),
                             .module = "supervise_late.so",
                             .symbol = "late_function",
                             .value = 7,
                             .at = {}}};
    Run run(plan);
    CHECK(WEXITSTATUS(run.status()) == 0);
    CHECK(run.supervisor.tracing().stubbed(0) == 2);
}

TEST_CASE("lines of the source and offsets are places like functions") {
    const unsigned line = line_with("a line to stop at");
    CHECK(written_at(plan_of("leaving"),
                     point("line", "p", "main", EntersSymbol{{"", SourceLine{"target.cc", line}}})) == "jdc");
    CHECK(written_at(plan_of("leaving"),
                     point("none", "p", "main", EntersSymbol{{"", SourceLine{"nowhere.cc", line}}})) ==
          "not reached");
    elf::Files files;
    const auto function = files.get(TARGET_PROGRAM)->find_functions("countdown");
    REQUIRE(function.size() == 1);
    CHECK(written_at(plan_of("leaving"),
                     point("offset", "p", "main",
                           EntersSymbol{{"supervise_target", CodeOffset{function[0].value}}})) == "jdcr");
}

TEST_CASE("programs of every kind of linking have their functions found") {
    const std::string kind = GENERATE("static", "static-pie", "no-pie");
    Plan plan = plan_of("leaving");
    plan.processes[0].argv[0] += "_" + kind;
    const std::string module = "supervise_target_" + kind;
    CHECK(written_at(plan, point("e", "p", "main", EntersSymbol{{module, "countdown"}}, 2)) == "jdcrn");
    CHECK(written_at(plan, point("l", "p", "main", LeavesSymbol{{module, "ways_out"}})) == "jdc");
    const unsigned line = line_with("a line to stop at");
    CHECK(written_at(plan, point("line", "p", "main", EntersSymbol{{"", SourceLine{"target.cc", line}}})) ==
          "jdc");
}

TEST_CASE("after a fork the one whom the scenario says goes first, every time") {
    const auto ordered = [](const char* mode, ForkSide first, std::vector<std::string> arguments) {
        Plan plan = plan_of(mode, std::move(arguments));
        const ForkSide second = first == ForkSide::parent ? ForkSide::child : ForkSide::parent;
        plan.points = {point("forked", "p/1", "any", ReturnsFromFork{second}),
                       point("first", "p/1", "any", GoesOnAfterFork{first})};
        plan.holds = {hold(0, 1)};
        Run run(plan);
        CHECK(run.supervisor.tracing().director().order_complete());
        return run.out();
    };
    // REHANG_REPEAT: by hand, for more certainty than a test suite needs.
    const char* repeat = std::getenv("REHANG_REPEAT");
    for (int i = repeat ? std::atoi(repeat) : 5; i > 0; --i) {
        CHECK(ordered("fork_race", ForkSide::parent, {"off"}) == "pc");
        CHECK(ordered("fork_race", ForkSide::child, {"off"}) == "cp");
        // The parent's first call waits for the child.
        CHECK(ordered("fork_and_wait", ForkSide::parent, {}) == "cw");
    }
}

TEST_CASE("parent and child can be held where they come out of the fork") {
    Plan plan = plan_of("fork_race", {"off"});
    plan.points = {point("parent", "p/1", "any", ReturnsFromFork{ForkSide::parent}),
                   point("child ends", "p/1", "main", Exits{}),
                   point("child", "p/1", "main", ReturnsFromFork{ForkSide::child}),
                   point("parent waits", "p", "main", EntersSyscall{SYS_wait4})};
    SECTION("the parent until the child has ended") {
        plan.holds = {hold(0, 1)};
        Run run(plan);
        CHECK(run.out() == "cp");
        CHECK(run.supervisor.tracing().director().points()[0].process.text() == "p");
    }
    SECTION("the child until the parent waits for it") {
        plan.holds = {hold(2, 3)};
        Run run(plan);
        CHECK(run.out() == "pc");
    }
}

TEST_CASE("what is printed lets others go on, to the last line") {
    Plan plan = plan_of("race");
    plan.points = {point("t", "p", "any", Prints{.pattern = "t"}), enters("m", "main", "main_marker"),
                   point("both", "p", "any", Prints{.pattern = "^t.*m"}),
                   point("stderr", "p", "any", Prints{.pattern = "t", .to_stderr = true})};
    plan.holds = {hold(1, 0)};
    Run run(plan);
    CHECK(run.out() == "tm");
    CHECK(run.supervisor.tracing().director().order_complete());
    CHECK_FALSE(run.reached(3));
}

TEST_CASE("a breakpoint of which the processor lost the reason is known by its place, and hit once") {
    Plan plan = plan_of("trap");
    plan.points = {enters("second", "main", "trapped_marker"), enters("third", "main", "trapped_marker")};
    plan.points[0].nth = 2;
    plan.points[1].nth = 3;
    Run run(plan);
    CHECK(WEXITSTATUS(run.status()) == 7);
    CHECK(run.reached(0));
    CHECK_FALSE(run.reached(1));
}

TEST_CASE("a trap at a place without a breakpoint is the program's own, and ends it") {
    Plan plan = plan_of("trap");
    plan.points = {enters("elsewhere", "main", "main_marker")};
    Run run(plan);
    CHECK(WTERMSIG(run.status()) == SIGTRAP);
}

TEST_CASE("system calls are told apart by their arguments, wide and narrow ones") {
    Plan plan = plan_of("calls");
    const std::uint64_t low = 0xffffffff;
    const auto fd = [](std::uint64_t n) { return ArgumentCondition{.index = 0, .mask = low, .value = n}; };
    plan.points = {point("low half only", "p", "main", EntersSyscall{SYS_close, {fd(0xffffff85)}}),
                   point("no such", "p", "main", EntersSyscall{SYS_close, {fd(0xffffff86)}}),
                   point("both", "p", "main", LeavesSyscall{SYS_lseek, {fd(1), {1, ~0ULL, 0x1000000001}}}),
                   point("one of two", "p", "main", LeavesSyscall{SYS_lseek, {fd(1), {1, ~0ULL, 1}}}),
                   point("bits", "p", "main", EntersSyscall{SYS_lseek, {{2, 6, 6}}}),
                   point("all closes", "p", "main", EntersSyscall{SYS_close})};
    const bool all_closes = GENERATE(true, false);
    if (!all_closes) plan.points.pop_back();
    Run run(plan);
    CHECK(run.reached(0));
    CHECK_FALSE(run.reached(1));
    CHECK(run.reached(2));
    CHECK_FALSE(run.reached(3));
    CHECK(run.reached(4));
    CHECK((!all_closes || run.reached(5)));
}

TEST_CASE("a thread that makes a file stands behind the call that did it") {
    std::string folder = "/tmp/rehang-test-XXXXXX";
    REQUIRE(::mkdtemp(folder.data()));
    Plan plan = plan_of("files", {folder});
    const auto made = [&](const char* name) {
        return point(name, "p", "main", MakesFile{folder + "/" + name});
    };
    // "a" is made, moved away, made again; the calls between do not make it.
    plan.points = {made("a"),    made("folder"), made("moved"),
                   made("link"), made("socket"), made("never"),
                   made("a"),    made("a"),      point("write", "p", "main", EntersSyscall{SYS_write})};
    plan.points[6].nth = 2;
    plan.points[7].nth = 3;
    plan.points[8].nth = 2;
    plan.holds = {hold(6, 8, std::chrono::milliseconds(1))};
    Run run(plan);
    for (size_t i = 0; i < 5; ++i) CHECK(run.reached(i));
    CHECK_FALSE(run.reached(5));
    CHECK(run.reached(6));
    CHECK_FALSE(run.reached(7));
    CHECK((*run.result)->end == End::unmet);
    CHECK(run.out() == "1");  // held behind the second making
    std::filesystem::remove_all(folder);
}

TEST_CASE("a thread can be held when a signal is about to be delivered to it") {
    Plan plan = plan_of("signal_thread");
    plan.points = {point("usr1", "p", "nth:2", ReceivesSignal{SIGUSR1}),
                   point("m", "p", "main", LeavesSyscall{SYS_write}),
                   point("other", "p", "any", ReceivesSignal{SIGUSR2})};
    SECTION("held until main has written") {
        plan.holds = {hold(0, 1)};
        Run run(plan);
        CHECK(run.out() == "ms");
        CHECK(run.supervisor.tracing().director().order_complete());
        CHECK_FALSE(run.reached(2));
    }
    SECTION("main held until the signal comes, which comes only after it") {
        plan.points[0].nth = 2;
        plan.holds = {hold(1, 0, std::chrono::milliseconds(1))};
        Run run(plan);
        CHECK((*run.result)->end == End::unmet);
    }
}

TEST_CASE("the program that a process executes is a point, by name, path and time") {
    Plan plan = plan_of("exec_chain");
    plan.points = {point("any", "p", "main", Execs{"*"}),
                   point("sh", "p", "main", Execs{"sh"}),
                   point("self", "p", "main", Execs{TARGET_PROGRAM}),
                   point("third", "p", "main", Execs{"*"}),
                   point("fourth", "p", "main", Execs{"*"}),
                   point("script", "p", "main", Execs{"*/script"}),
                   point("exits", "p", "main", Exits{})};
    plan.points[3].nth = 3;
    plan.points[4].nth = 4;
    Run run(plan);
    CHECK(WEXITSTATUS(run.status()) == 11);
    CHECK(run.reached(0));
    CHECK(run.reached(1));
    CHECK(run.reached(2));
    CHECK(run.reached(3));
    CHECK_FALSE(run.reached(4));
    CHECK(run.reached(5));
}
