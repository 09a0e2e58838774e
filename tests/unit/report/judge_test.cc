#include "catch.h"
#include "example_report.h"

namespace rehang {
namespace {

RunReport judged(RunReport report, const Plan& plan) {
    judge(report, plan);
    return report;
}

TEST_CASE("a hang that has everything the scenario asks for is as expected") {
    const RunReport report = judged(inherited_lock_hang(), plan_of_hang());
    CHECK(report.as_expected);
    CHECK(report.mismatches.empty());
}

TEST_CASE("a hang must be proven") {
    RunReport unproven = inherited_lock_hang();
    unproven.proven = false;
    const RunReport report = judged(unproven, plan_of_hang());
    CHECK_FALSE(report.as_expected);
    CHECK(report.mismatches ==
          std::vector<std::string>{"expected a proven hang, but this one is not proven"});
}

TEST_CASE("another outcome is told with what came out instead") {
    RunReport exited = good_control();
    Plan plan;
    plan.expect.outcome = Outcome::hung;
    plan.expect.cause = Cause::inherited_lock;
    CHECK(judged(exited, plan).mismatches ==
          std::vector<std::string>{"expected outcome hung, but it is exited with 0"});
}

TEST_CASE("another cause is a mismatch") {
    Plan plan = plan_of_hang();
    plan.expect.cause = Cause::lock_cycle;
    CHECK(judged(inherited_lock_hang(), plan).mismatches ==
          std::vector<std::string>{"expected cause lock-cycle, but it is inherited-lock"});
}

TEST_CASE("parts of a stack count in order, innermost first, with gaps") {
    Plan plan = plan_of_hang();
    auto& stack = plan.expect.threads.front().stack;
    SECTION("with a gap") {
        stack = {"syscall", "RemoveRange"};
        CHECK(judged(inherited_lock_hang(), plan).as_expected);
    }
    SECTION("with the module") {
        stack = {"libtcmalloc.so.4.5.9!SpinLock::SlowLock"};
        CHECK(judged(inherited_lock_hang(), plan).as_expected);
    }
    SECTION("in the wrong order") {
        stack = {"SlowLock", "SpinLockDelay"};
        const auto mismatches = judged(inherited_lock_hang(), plan).mismatches;
        REQUIRE(mismatches.size() == 1);
        CHECK(mismatches.front() ==
              "expected a thread of probe/1/1 (main) that waits: futex, with SlowLock < SpinLockDelay on its "
              "stack, but main "
              "waits: futex in libc.so.6!syscall");
    }
    SECTION("one frame can't stand for two parts") {
        stack = {"SlowLock", "SpinLock::SlowLock"};
        CHECK_FALSE(judged(inherited_lock_hang(), plan).as_expected);
    }
}

TEST_CASE("any thread that the selector picks may be the expected one") {
    Plan plan = plan_of_hang();
    plan.expect.threads.front().thread = ThreadSelector{};
    plan.expect.threads.front().stack = {"InsertRange"};
    CHECK(judged(inherited_lock_hang(), plan).as_expected);
    plan.expect.threads.front().thread = *ThreadSelector::parse("main");
    CHECK_FALSE(judged(inherited_lock_hang(), plan).as_expected);
}

TEST_CASE("an expected thread of a process that is not there is told") {
    Plan plan = plan_of_hang();
    plan.expect.threads.front().process = *ProcessPath::parse("probe/2");
    const auto mismatches = judged(inherited_lock_hang(), plan).mismatches;
    REQUIRE(mismatches.size() == 1);
    CHECK(mismatches.front().ends_with("but there is no process probe/2"));
}

TEST_CASE("states of processes: zombie, running, gone") {
    Plan plan = plan_of_hang();
    ExpectedProcess& expected = plan.expect.processes.front();
    SECTION("a zombie is not running") {
        expected.state = "running";
        CHECK(judged(inherited_lock_hang(), plan).mismatches ==
              std::vector<std::string>{"expected process probe/1 to be running, but it is zombie"});
    }
    SECTION("the program counts where it is named") {
        RunReport report = inherited_lock_hang();
        report.processes[1].execs = 1;
        report.processes[1].program = "/bin/sh";
        expected.process = *ProcessPath::parse("probe/1@exec1");
        CHECK(judged(report, plan).as_expected);
        expected.process = *ProcessPath::parse("probe/1@exec2");
        CHECK(judged(report, plan).mismatches ==
              std::vector<std::string>{
                  "expected process probe/1@exec2 to be zombie, but probe/1 is probe/1@exec1, /bin/sh"});
    }
    SECTION("a process that the report does not have is gone") {
        expected = {.process = *ProcessPath::parse("probe/1/2"), .state = "gone"};
        CHECK(judged(inherited_lock_hang(), plan).as_expected);
    }
}

TEST_CASE("exit status, signal and output of the targets") {
    Plan plan;
    plan.expect.outcome = Outcome::exited;
    plan.expect.exit = 0;
    CHECK(judged(good_control(), plan).as_expected);
    plan.expect.exit = 3;
    CHECK(judged(good_control(), plan).mismatches ==
          std::vector<std::string>{"expected exit status 3, but it is 0"});

    RunReport aborted = good_control();
    aborted.outcome = Outcome::signaled;
    aborted.exit.reset();
    aborted.signal = 6;
    aborted.streams = {
        {.process = "probe", .out = "", .err = "terminate called", .out_cut = false, .err_cut = false}};
    plan.expect = {};
    plan.expect.outcome = Outcome::signaled;
    plan.expect.signal = 6;
    plan.expect.stderr_has = {"terminate"};
    CHECK(judged(aborted, plan).as_expected);
    plan.expect.signal = 11;
    plan.expect.stdout_has = {"terminate"};
    CHECK(judged(aborted, plan).mismatches ==
          std::vector<std::string>{"expected an end by SIGSEGV, but it is by SIGABRT",
                                   "expected \"terminate\" on stdout, but nobody wrote it"});
}

TEST_CASE("an order that was not reached does not decide about a control") {
    RunReport control = good_control();
    control.unmet = {{.hold = "second_fork",
                      .at = "second_fork",
                      .missing = "rcu_in_lock",
                      .reason = "its limit of 3s passed",
                      .instead = {}}};
    Plan plan;
    plan.role = Role::control;
    plan.expect.outcome = Outcome::exited;
    CHECK(judged(control, plan).as_expected);
}

TEST_CASE("an order that is expected to be impossible has to be proven so") {
    RunReport report = good_control();
    Plan plan;
    plan.expect.outcome = Outcome::exited;
    plan.expect.impossible = {"rcu_in_lock"};
    CHECK(judged(report, plan).mismatches ==
          std::vector<std::string>{
              "expected the hold rcu_in_lock to be impossible, but its order was reached"});
    report.unmet = {{.hold = "rcu_in_lock",
                     .at = "rcu_in_lock",
                     .missing = "grandchild",
                     .reason = "its limit of 3s passed",
                     .instead = {}}};
    CHECK(judged(report, plan).mismatches ==
          std::vector<std::string>{"expected the hold rcu_in_lock to be impossible, but that is not proven: "
                                   "its limit of 3s passed"});
    report.unmet[0].impossible = true;
    CHECK(judged(report, plan).as_expected);
}

TEST_CASE("judging twice gives the same") {
    RunReport report = good_control();
    Plan plan;
    plan.expect.outcome = Outcome::hung;
    judge(report, plan);
    judge(report, plan);
    CHECK(report.mismatches.size() == 1);
}

TEST_CASE("a request that the model does not have is a mismatch only of a strict fake") {
    RunReport report = good_control();
    report.fakes = {{.name = "kvm",
                     .device = "/dev/kvm",
                     .model = "kvm-x86",
                     .opened = 1,
                     .calls = 9,
                     .unknown = {{.name = "", .number = 0xaeff, .size = 0, .times = 1, .by = "q main"}}}};
    Plan plan;
    plan.expect.outcome = Outcome::exited;
    plan.fakes = {{.name = "kvm",
                   .process = {},
                   .device = "/dev/kvm",
                   .model = "kvm-x86",
                   .settings = {},
                   .description = {}}};
    CHECK(judged(report, plan).as_expected);
    plan.fakes[0].strict = true;
    CHECK(judged(report, plan).mismatches ==
          std::vector<std::string>{
              "the fake kvm is strict, and its model kvm-x86 has no 0xaeff, which q main asked for"});
}

}  // namespace
}  // namespace rehang
