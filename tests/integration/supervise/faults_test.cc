// System call faults, carried out on a static program, by each way that a call can take to the runner.
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "catch.h"
#include "supervised.h"

using namespace rehang;
using namespace rehang::test;
using namespace std::chrono_literals;

namespace {

Plan faulty(std::vector<std::string> arguments) {
    Plan plan = plan_of({});
    plan.processes[0].argv = {FAULTS_TARGET};
    std::ranges::move(arguments, std::back_inserter(plan.processes[0].argv));
    return plan;
}

PlannedSyscallFault fault(int call, FaultEffect effect) {
    PlannedSyscallFault fault;
    fault.name = "f";
    fault.process = {.root = "p", .forks = {}};
    fault.calls = {{.number = call, .arguments = {}, .more = {}}};
    fault.effect = std::move(effect);
    return fault;
}

PlannedSyscallFault answers(std::int64_t value, int call = SYS_getppid) {
    FaultEffect effect;
    effect.answer = value;
    return fault(call, effect);
}

std::string out_of(Run& run) {
    REQUIRE(*run.result);
    REQUIRE((*run.result)->end == End::finished);
    std::string text = run.out();
    while (text.ends_with(' ')) text.pop_back();
    return text;
}

struct TemporaryFile {
    ~TemporaryFile() { std::filesystem::remove(path); }
    std::string path = std::filesystem::temp_directory_path() / ("rehang-faults-" + std::to_string(getpid()));
};

// A kernel without CONFIG_IA32_EMULATION ends a program that tries.
bool kernel_has_int80() {
    return std::system((std::string(FAULTS_TARGET) + " parents int80 > /dev/null").c_str()) == 0;
}

}  // namespace

TEST_CASE("a call answers an error instead of being made, and is counted") {
    const bool notify = GENERATE(true, false);
    CAPTURE(notify);
    Plan plan = faulty({"calls", "10"});
    plan.syscall_faults = {answers(-EPERM)};
    plan.syscall_faults[0].occurrence.from = 3;
    plan.syscall_faults[0].occurrence.to = 5;
    Run run(plan, false, notify);
    CHECK(out_of(run) == "EPERM:3 real:7");
    CHECK(run.fault(0).matched == 10);
    CHECK(run.fault(0).fired == 3);
}

TEST_CASE("the kernel itself answers an error that nobody counts") {
    Plan plan = faulty({"calls", "10"});
    plan.syscall_faults = {answers(-EPERM)};
    plan.syscall_faults[0].in_kernel = true;
    Run run(plan);
    CHECK(out_of(run) == "EPERM:10");
    CHECK(run.fault(0).matched == 0);
}

TEST_CASE("a fault that the kernel could answer is answered by the runner where another one wants the call") {
    Plan plan = faulty({"calls", "10"});
    plan.syscall_faults = {answers(-ENXIO), answers(-EPERM)};
    plan.syscall_faults[0].occurrence.to = 1;
    plan.syscall_faults[1].in_kernel = true;
    Run run(plan);
    CHECK(out_of(run) == "ENXIO:1 EPERM:9");
}

TEST_CASE("calls are counted for each thread where the fault says so") {
    const bool notify = GENERATE(true, false);
    Plan plan = faulty({"threads", "20"});
    plan.syscall_faults = {answers(-EPERM)};
    plan.syscall_faults[0].occurrence.per = FaultOccurrence::Count::thread;
    plan.syscall_faults[0].occurrence.every = 4;
    Run run(plan, false, notify);
    CHECK(out_of(run) == "EPERM:5 real:15 | EPERM:5 real:15");
}

TEST_CASE("a fault is in what descends from its process, or not") {
    Plan plan = faulty({"fork"});
    plan.syscall_faults = {answers(-EPERM)};
    SECTION("with its descendants, each counted on its own") {
        plan.syscall_faults[0].occurrence.to = 1;
        Run run(plan);
        CHECK(out_of(run) == "EPERM:1 real:2 | EPERM:1 real:2");
    }
    SECTION("without them") {
        plan.syscall_faults[0].below = false;
        Run run(plan);
        CHECK(out_of(run) == "real:3 | EPERM:3");
    }
}

TEST_CASE("signals during asked calls: nothing is lost, doubled, or made to fail") {
    const std::string restart = GENERATE("restart", "-");
    const bool notify = GENERATE(true, false);
    CAPTURE(restart, notify);
    Plan plan = faulty({"storm", "3000", restart});
    plan.syscall_faults = {answers(-EPERM)};
    plan.syscall_faults[0].occurrence.every = 4;
    Run run(plan, false, notify);
    CHECK(out_of(run) == "EPERM:750 real:2250");
    CHECK(run.fault(0).matched == 3000);
    CHECK(run.fault(0).fired == 750);
}

TEST_CASE("threads that ask all the time do not keep the run from its limit") {
    Plan plan = faulty({"forever", "8"});
    plan.syscall_faults = {answers(-EPERM)};
    plan.timeout = 500ms;
    Run run(plan);
    REQUIRE(*run.result);
    CHECK((*run.result)->end == End::timed_out);
    CHECK(run.fault(0).fired > 0);
}

TEST_CASE("a process ends while its threads ask, by a call that is asked about, too") {
    const bool notify = GENERATE(true, false);
    Plan plan = faulty({"leave", "4"});
    plan.syscall_faults = {answers(-EPERM), fault(SYS_exit_group, {})};
    plan.syscall_faults[0].occurrence.every = 2;
    Run run(plan, false, notify);
    REQUIRE(*run.result);
    CHECK((*run.result)->end == End::finished);
    CHECK(WEXITSTATUS(run.status()) == 5);
    CHECK(run.fault(0).matched >= 100);
    CHECK(run.fault(1).fired == 1);
}

TEST_CASE("children that are born and end while others ask in a row are all seen") {
    Plan plan = faulty({"children", "100"});
    plan.syscall_faults = {answers(-EPERM)};
    Run run(plan);
    CHECK(out_of(run) == "100");
    CHECK(run.supervisor.tracing().tree().processes().size() == 101);
    CHECK(run.fault(0).matched >= 3000);
}

TEST_CASE("a thread that a printed line lets go is delayed then, and goes on by itself") {
    Plan plan = faulty({"print"});
    FaultEffect effect;
    effect.delay = 20ms;
    plan.syscall_faults = {fault(SYS_getppid, effect)};
    plan.points = {point("call", "p", "main", EntersSyscall{.number = SYS_getppid}),
                   point("prints", "p", "!main", EntersSyscall{.number = SYS_write}),
                   point("go", "p", "any", Prints{.pattern = "go"})};
    plan.holds = {hold(1, 0), hold(0, 2)};
    Run run(plan);
    REQUIRE(*run.result);
    CHECK((*run.result)->end == End::finished);
    CHECK(run.fault(0).fired == 1);
}

TEST_CASE("the same seed makes the same decisions, another one others") {
    const auto decided = [](std::uint64_t seed) {
        Plan plan = faulty({"threads", "200"});
        plan.syscall_faults = {answers(-EPERM)};
        plan.syscall_faults[0].occurrence.probability = 0.5;
        plan.syscall_faults[0].occurrence.per = FaultOccurrence::Count::thread;
        plan.seed = seed;
        Run run(plan);
        return out_of(run);
    };
    const std::string first = decided(1);
    CHECK(decided(1) == first);
    CHECK(decided(2) != first);
}

TEST_CASE("a write is made for fewer bytes, and the caller's registers are as they were") {
    const TemporaryFile file;
    Plan plan = faulty({"write", file.path});
    FaultEffect effect;
    effect.limit_bytes = 3;
    effect.limited_argument = 2;
    plan.syscall_faults = {fault(SYS_write, effect)};
    plan.syscall_faults[0].occurrence.from = plan.syscall_faults[0].occurrence.to = 2;
    Run run(plan);
    CHECK(out_of(run) == "8 3 8 8 123456781231234567812345678");
    CHECK(run.fault(0).fired == 1);
}

TEST_CASE("only calls on what a descriptor is open on fail") {
    const TemporaryFile file;
    Plan plan = faulty({"write", file.path});
    plan.syscall_faults = {answers(-ENOSPC, SYS_write)};
    plan.syscall_faults[0].calls[0].more = {DescriptorCondition{.index = 0, .pattern = "/*/rehang-faults-*"}};
    plan.syscall_faults[0].occurrence.from = 2;
    Run run(plan);
    CHECK(out_of(run) == "8 -28 -28 -28 12345678");
    CHECK(run.fault(0).matched == 4);  // not the one to stdout
}

TEST_CASE("only calls with this content fail") {
    const TemporaryFile file;
    Plan plan = faulty({"write", file.path});
    plan.syscall_faults = {answers(-EIO, SYS_write)};
    plan.syscall_faults[0].calls[0].more = {
        BufferCondition{.buffer = 1, .size = 2, .vectors = {}, .prefix = "8 8"}};
    Run run(plan);
    CHECK(out_of(run).empty());
    CHECK(run.fault(0).fired == 1);
}

TEST_CASE("only calls with this path fail") {
    const TemporaryFile file;
    Plan plan = faulty({"write", std::filesystem::path(file.path).parent_path() / "." / ".." /
                                     std::filesystem::path(file.path).relative_path()});
    plan.syscall_faults = {answers(-EACCES, SYS_openat)};
    plan.syscall_faults[0].calls[0].more = {
        PathCondition{.arguments = {{.path = 1, .folder = 0}}, .pattern = file.path}};
    Run run(plan);
    CHECK(out_of(run) == "-9 -9 -9 -9 ?");
    CHECK(run.fault(0).fired == 1);
}

TEST_CASE("a call succeeds without being made, with what it should have written") {
    const bool notify = GENERATE(true, false);
    Plan plan = faulty({"read"});
    FaultEffect effect;
    effect.answer = 5;
    effect.writes = {{.index = 1, .offset = 0, .bytes = "hello"}};
    plan.syscall_faults = {fault(SYS_read, effect)};
    Run run(plan, false, notify);
    CHECK(out_of(run) == "5 hello...........");
}

TEST_CASE("the kernel reads other bytes than the caller has written there") {
    const bool notify = GENERATE(true, false);
    Plan plan = faulty({"pipe"});
    FaultEffect effect;
    effect.writes_before = {{.index = 1, .offset = 2, .bytes = "xyz"},
                            {.index = 1, .offset = 7, .bytes = "!"}};
    plan.syscall_faults = {fault(SYS_write, effect)};
    plan.syscall_faults[0].occurrence.to = 1;
    Run run(plan, false, notify);
    CHECK(out_of(run) == "8 8 12xyz67! 12xyz67! -9 ........");
    CHECK(run.fault(0).fired == 1);
    CHECK(run.supervisor.tracing().notes().empty());
}

TEST_CASE("a call is made with what is there where that can't be written to, and the user is told") {
    Plan plan = faulty({"constant"});
    FaultEffect effect;
    effect.writes_before = {{.index = 1, .offset = 0, .bytes = "xyz"}};
    plan.syscall_faults = {fault(SYS_write, effect)};
    plan.syscall_faults[0].occurrence.to = 1;
    Run run(plan);
    CHECK(out_of(run) == "8 8 12345678 12345678 -9 ........");
    REQUIRE(run.supervisor.tracing().notes().size() == 1);
    CHECK(
        run.supervisor.tracing().notes()[0].starts_with("f: write was made with the bytes that were there"));
}

TEST_CASE("a call that has succeeded gives other bytes than the kernel's") {
    Plan plan = faulty({"pipe"});
    FaultEffect effect;
    effect.writes_after = {{.index = 1, .offset = 6, .bytes = "ab"}};
    plan.syscall_faults = {fault(SYS_read, effect)};
    Run run(plan);
    CHECK(out_of(run) == "8 8 123456ab 12345678 -9 ........");  // nothing after the one that failed
    CHECK(run.fault(0).fired == 2);
}

TEST_CASE("another call is made instead, and the one of the program is what a point sees return") {
    const std::string way = GENERATE("syscall", "int80");
    const bool notify = GENERATE(true, false);
    CAPTURE(way, notify);
    if (way == "int80" && !kernel_has_int80()) {
        WARN("skipped: this kernel has no system calls of 32-bit programs");
        return;
    }
    Plan plan = faulty({"parents", way});
    FaultEffect effect;
    effect.instead = SYS_gettid;
    plan.syscall_faults = {fault(SYS_getppid, effect), answers(-EPERM, SYS_gettid)};
    plan.syscall_faults[0].occurrence.from = 2;
    plan.syscall_faults[1].in_kernel = GENERATE(true, false);
    plan.points = {point("left", "p", "main", LeavesSyscall{.number = SYS_getppid}, 2),
                   point("other", "p", "main", LeavesSyscall{.number = SYS_gettid})};
    SECTION("with points") {}
    SECTION("without points") {
        plan.points.clear();
    }
    Run run(plan, false, notify);
    CHECK(out_of(run) == "parent own");
    CHECK(run.fault(0).fired == 1);
    CHECK(run.fault(1).matched == 0);  // the program did not make this call
    if (plan.points.empty()) return;
    CHECK(run.reached(0));
    CHECK_FALSE(run.reached(1));
}

TEST_CASE("a call is delayed before it is made, or after") {
    const auto elapsed = [](FaultEffect effect) {
        Plan plan = faulty({"exit"});
        plan.syscall_faults = {fault(SYS_getppid, std::move(effect))};
        Run run(plan);
        REQUIRE(*run.result);
        CHECK(WEXITSTATUS(run.status()) == (plan.syscall_faults[0].effect.answer ? 3 : 0));
        return (*run.result)->ended - (*run.result)->launched;
    };
    FaultEffect before, after, both;
    before.delay = 50ms;
    after.delay_after = 50ms;
    both.delay = 30ms;
    both.delay_after = 30ms;
    both.answer = -ETIMEDOUT;
    CHECK(elapsed(before) >= 50ms);
    CHECK(elapsed(after) >= 50ms);
    CHECK(elapsed(both) >= 60ms);
}

TEST_CASE("a call sends a signal, or ends its process") {
    const bool notify = GENERATE(true, false);
    Plan plan = faulty({"exit"});
    FaultEffect effect;
    SECTION("a signal to the thread") {
        effect.signal = SIGTERM;
        plan.syscall_faults = {fault(SYS_getppid, effect)};
        Run run(plan, false, notify);
        CHECK(WTERMSIG(run.status()) == SIGTERM);
    }
    SECTION("SIGKILL") {
        effect.kill = true;
        plan.syscall_faults = {fault(SYS_getppid, effect)};
        Run run(plan, false, notify);
        CHECK(WTERMSIG(run.status()) == SIGKILL);
        CHECK(run.fault(0).fired == 1);
    }
}

TEST_CASE("a fault is in force after a point, before one, and while a hold lasts") {
    Plan plan = faulty({"write", "/dev/null"});
    plan.points = {point("second", "p", "main", EntersSyscall{.number = SYS_write}, 2)};
    plan.syscall_faults = {answers(-EIO, SYS_write)};
    SECTION("after") {
        plan.syscall_faults[0].window.after = 0;
        Run run(plan);
        CHECK(out_of(run).empty());  // the one to stdout failed, too
        CHECK(run.fault(0).fired == 4);
    }
    SECTION("before") {
        plan.syscall_faults[0].window.before = 0;
        Run run(plan);
        CHECK(out_of(run) == "-5 8 8 8");
    }
}

TEST_CASE("a fault holds its thread until a point is reached") {
    Plan plan = faulty({"threads", "3"});
    FaultEffect effect;
    effect.held_at = 0;
    plan.syscall_faults = {fault(SYS_getppid, effect)};
    plan.syscall_faults[0].thread = *ThreadSelector::parse("main");
    plan.syscall_faults[0].occurrence.to = 1;
    plan.points = {point("f", "p", "any", FaultFires{.fault = 0}), point("other ends", "p", "!main", Exits{}),
                   point("other is born", "p", "!main", IsBorn{})};
    plan.holds = {hold(0, 1), hold(2, 0)};  // it would end first, on some machine some day
    Run run(plan);
    CHECK(out_of(run) == "real:3 | real:3");
    CHECK(run.reached(0));
    CHECK(run.supervisor.tracing().director().order_complete());
    CHECK(*run.supervisor.tracing().director().points()[0].reached <=
          *run.supervisor.tracing().director().points()[1].reached);
}

TEST_CASE("a fault waits for the program's entry point") {
    // The loader of a dynamic program opens libraries; `true` itself opens nothing, or its locale.
    Plan plan = plan_of({});
    plan.processes[0].argv = {"/bin/true"};
    plan.syscall_faults = {answers(-ENOENT, SYS_openat)};
    plan.syscall_faults[0].optional = true;
    SECTION("all of it") {
        Run run(plan);
        CHECK(run.fault(0).fired > 0);
        CHECK(WEXITSTATUS(run.status()) == 127);
    }
    SECTION("after it") {
        plan.syscall_faults[0].window.after_entry = true;
        Run run(plan);
        CHECK(WEXITSTATUS(run.status()) == 0);
    }
}
