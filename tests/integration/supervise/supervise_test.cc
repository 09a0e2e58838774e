// The supervisor against real processes, without a sandbox around them.
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "supervised.h"

using namespace rehang;
using namespace rehang::test;

TEST_CASE("holds at symbols decide a race, either way") {
    Plan plan = plan_of("race");
    SECTION("the thread first") {
        // Main stays until the thread ends: `exits` of nth:2.
        plan.points = {enters("m", "main", "main_marker"), point("t", "p", "nth:2", Exits{})};
        plan.holds = {hold(0, 1)};
        Run run(plan);
        REQUIRE(*run.result);
        CHECK((*run.result)->end == End::finished);
        CHECK(run.out() == "tm");
        CHECK(run.supervisor.tracing().director().order_complete());
    }
    SECTION("main first") {
        // The thread stays until main waits for it.
        plan.points = {enters("t", "!main", "thread_marker"),
                       point("m", "p", "main", LeavesSyscall{SYS_write})};
        plan.holds = {hold(0, 1)};
        Run run(plan);
        REQUIRE(*run.result);
        CHECK(run.out() == "mt");
        CHECK(run.supervisor.tracing().director().order_complete());
    }
}

TEST_CASE("a thread can be held at its birth and at a system call") {
    Plan plan = plan_of("race");
    plan.points = {point("birth", "p", "!main", IsBorn{}), point("m", "p", "main", EntersSyscall{SYS_write})};
    SECTION("the newborn waits for main's write") {
        plan.holds = {hold(0, 1)};
        Run run(plan);
        CHECK(run.supervisor.tracing().director().order_complete());
    }
    SECTION("main's write waits for a birth that came long ago") {
        plan.holds = {hold(1, 0)};
        Run run(plan);
        CHECK(run.supervisor.tracing().director().order_complete());
        CHECK(run.out().size() == 2);
    }
}

TEST_CASE(
    "a stubbed function answers its value already to constructors, and in the image that execve makes") {
    const auto mode = GENERATE("answer", "exec");
    Plan plan = plan_of(mode);
    plan.function_faults = {{.name = "f",
                             .process = *ProcessPath::parse("p"),
                             .module = "supervise_target",
                             .symbol = "answer",
                             .value = 4,
                             .at = {}}};
    Run run(plan);
    CHECK(WEXITSTATUS(run.status()) == 44);
    CHECK(run.supervisor.tracing().stubbed(0) == (mode == std::string("exec") ? 2 : 1));
}

TEST_CASE("without the fault the function answers for itself") {
    Run run(plan_of("answer"));
    CHECK(WEXITSTATUS(run.status()) == 11);
}

TEST_CASE("children are named by their place in the fork tree, however they are made") {
    Run run(plan_of("family"));
    CHECK(run.listener.forks == std::vector<std::string>{"p>p/1", "p/1>p/1/1", "p>p/2", "p>p/3"});
    CHECK(std::ranges::all_of(run.supervisor.tracing().tree().processes(), &TrackedProcess::ended));
}

TEST_CASE("births and exits are points") {
    Plan plan = plan_of("family");
    plan.points = {point("root", "p", "main", IsBorn{}), point("born", "p/1/1", "main", IsBorn{}),
                   point("exits", "p/1/1", "main", Exits{}), point("never", "p/4", "main", IsBorn{})};
    Run run(plan);
    CHECK(run.reached(0));
    CHECK(run.reached(1));
    CHECK(run.reached(2));
    CHECK_FALSE(run.reached(3));
}

TEST_CASE("a hold past its limit ends a scenario, and a control goes on") {
    Plan plan = plan_of("race");
    plan.points = {enters("m", "main", "main_marker"), point("never", "p/9", "main", IsBorn{})};
    plan.holds = {hold(0, 1, std::chrono::milliseconds(1))};
    SECTION("scenario") {
        Run run(plan);
        CHECK((*run.result)->end == End::unmet);
        CHECK(run.listener.given_up == std::vector<size_t>{0});
    }
    SECTION("control") {
        plan.role = Role::control;
        Run run(plan);
        CHECK((*run.result)->end == End::finished);
        CHECK(run.listener.given_up == std::vector<size_t>{0});
        CHECK(run.out().size() == 2);
    }
}

TEST_CASE("more threads than the limit end the run") {
    Plan plan = plan_of("swarm");
    plan.sandbox.pids = 20;
    Run run(plan);
    CHECK((*run.result)->end == End::process_limit);
    CHECK(run.supervisor.tracing().tree().live_threads() == 21);
}

TEST_CASE("output beyond the limit is read and dropped") {
    Plan plan = plan_of("spam");
    plan.sandbox.output = 1500;
    Run run(plan);
    CHECK((*run.result)->end == End::finished);
    CHECK((*run.result)->output.at("p").first.text.size() == 1500);
    CHECK((*run.result)->output.at("p").first.cut);
}

TEST_CASE("a program that can't be executed is the scenario's mistake") {
    Plan plan = plan_of("x");
    plan.processes[0].argv[0] = "/nowhere/program";
    Run run(plan);
    REQUIRE_FALSE(*run.result);
    CHECK(run.result->error().kind == Error::Kind::usage);
    CHECK(run.result->error().what == "can't execute /nowhere/program: No such file or directory");
}

TEST_CASE("signals reach the targets, group-stops too") {
    SECTION("a handler runs, and a breakpoint after it is met") {
        Plan plan = plan_of("signal");
        plan.points = {enters("m", "main", "main_marker")};
        Run run(plan);
        CHECK(run.out() == "sm");
        CHECK(run.reached(0));
        CHECK(WEXITSTATUS(run.status()) == 3);
    }
    SECTION("SIGSTOP and SIGCONT between parent and child") {
        Run run(plan_of("stop"));
        CHECK(WEXITSTATUS(run.status()) == 5);
    }
    SECTION("a deadly one") {
        Run run(plan_of("abort"));
        CHECK(WIFSIGNALED(run.status()));
        CHECK(WTERMSIG(run.status()) == SIGABRT);
    }
}

TEST_CASE("a process with an armed alarm is known") {
    Plan plan = plan_of("alarm");
    plan.points = {enters("armed", "main", "main_marker"), point("never", "p/9", "main", IsBorn{})};
    plan.holds = {hold(0, 1, std::chrono::milliseconds(1))};
    Run run(plan);
    CHECK(run.supervisor.tracing().has_alarm(run.root));
}

TEST_CASE("what the watcher proves ends the run") {
    Plan plan = plan_of("alarm");
    Listener listener;
    listener.answer = Watcher::Look::stuck;
    elf::Files files;
    Supervisor supervisor(plan, files, listener);
    std::vector<ReadyProcess> ready;
    ready.push_back(launch(plan));
    const pid_t root = ready[0].pid;
    const auto result = supervisor.run(std::move(ready), 0);
    REQUIRE(result);
    CHECK(result->end == End::stuck);
    ::kill(root, SIGKILL);
    CHECK(supervisor.drain(std::chrono::seconds(30)));
}

TEST_CASE("a thread that is seen step by step does not notice: it computes, calls and sleeps as it would") {
    Plan plan = plan_of("work");
    plan.points = {enters("works", "main", "main_marker")};
    Run run(plan, true);
    REQUIRE(*run.result);
    CHECK((*run.result)->end == End::finished);
    CHECK(WEXITSTATUS(run.status()) == 7);
    CHECK(run.out() == "done");
    CHECK(run.listener.stepped == std::vector<pid_t>{run.root});
    CHECK(run.listener.seen.size() > 300);
}
