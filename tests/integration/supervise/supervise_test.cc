// The supervisor against real processes, without a sandbox around them.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/names.h"
#include "catch.h"
#include "supervise/filter.h"
#include "supervise/supervisor.h"

using namespace rehang;

namespace {

// Never proves anything; remembers what it was told.
class Listener : public Watcher {
  public:
    Look look() override { return answer; }
    void forked(const TrackedProcess& parent, pid_t, const TrackedProcess& child) override {
        forks.push_back(parent.path.text() + ">" + child.path.text());
    }
    void giving_up(size_t hold, const std::string&) override { given_up.push_back(hold); }

    Look answer = Look::moving;
    std::vector<std::string> forks;
    std::vector<size_t> given_up;
};

struct Pipe {
    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        read.reset(ends[0]);
        write.reset(ends[1]);
    }
    UniqueFd read, write;
};

void install(const std::vector<unsigned char>& program) {
    std::vector<sock_filter> code(program.size() / sizeof(sock_filter));
    std::copy(program.begin(), program.end(), reinterpret_cast<unsigned char*>(code.data()));
    const sock_fprog filter{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) ::_exit(97);
}

ReadyProcess launch(const Plan& plan) {
    const auto filter = build_filter(plan);
    REQUIRE(filter);
    Pipe go, error, out, err;
    const pid_t pid = ::fork();
    if (pid == 0) {
        char byte;
        go.write.reset();
        if (::read(go.read.get(), &byte, 1) != 1) ::_exit(96);
        ::dup2(out.write.get(), 1);
        ::dup2(err.write.get(), 2);
        install(*filter);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        std::vector<char*> arguments;
        for (const std::string& argument : plan.processes[0].argv)
            arguments.push_back(const_cast<char*>(argument.c_str()));
        arguments.push_back(nullptr);
        ::execv(arguments[0], arguments.data());
        const int failed = errno;
        if (::write(error.write.get(), &failed, sizeof failed) < 0) ::_exit(95);
        ::_exit(127);
    }
    ::fcntl(out.read.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(err.read.get(), F_SETFL, O_NONBLOCK);
    return {.name = "p",
            .pid = pid,
            .launch = std::move(go.write),
            .exec_error = std::move(error.read),
            .stdout_read = std::move(out.read),
            .stderr_read = std::move(err.read)};
}

Plan plan_of(const char* mode) {
    Plan plan;
    plan.processes = {{.name = "p", .argv = {TARGET_PROGRAM, mode}, .preload = {}, .env = {}, .cwd = "/"}};
    plan.timeout = std::chrono::seconds(60);
    return plan;
}

PlannedPoint point(const char* name, const char* process, const char* thread, PointEvent event) {
    return {.name = name,
            .process = *ProcessPath::parse(process),
            .thread = *ThreadSelector::parse(thread),
            .event = std::move(event),
            .nth = 1,
            .at = {}};
}

PlannedPoint enters(const char* name, const char* thread, const char* symbol) {
    return point(name, "p", thread, EntersSymbol{"supervise_target", symbol});
}

PlannedHold hold(size_t at, size_t until, std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    return {.name = "hold", .at = at, .until = until, .limit = limit, .span = {}};
}

// A supervised run with what it left to ask about.
struct Run {
    explicit Run(Plan the_plan) : plan(std::move(the_plan)), supervisor(plan, files, listener) {
        std::vector<ReadyProcess> ready;
        ready.push_back(launch(plan));
        root = ready[0].pid;
        result.emplace(supervisor.run(std::move(ready), 0));
    }
    ~Run() {
        for (const TrackedProcess& process : supervisor.tracing().tree().processes())
            if (!process.ended()) ::kill(process.pid, SIGKILL);
        if (!supervisor.drain(std::chrono::seconds(30))) FAIL_CHECK("something was left behind");
    }
    std::string out() { return (*result)->output.at("p").first.text; }
    int status() {
        return supervisor.tracing().tree().find(*ProcessPath::parse("p"))->exit_status.value_or(-1);
    }
    bool reached(size_t point) { return supervisor.tracing().director().points()[point].reached.has_value(); }

    Plan plan;
    elf::Files files;
    Listener listener;
    Supervisor supervisor;
    pid_t root = 0;
    std::optional<Expected<Supervision>> result;
};

}  // namespace

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
    Plan plan = plan_of("files");
    plan.processes[0].argv.push_back(folder);
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
