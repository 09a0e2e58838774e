#include "plan/make_plan.h"

#include "base/names.h"
#include "plans.h"

using namespace rehang;
using namespace rehang::test;
using namespace std::chrono_literals;

TEST_CASE("points are resolved to numbers, paths and selectors") {
    const Plan plan = only_plan(R"(
[point.sym]
process = "probe/1/2"
thread = "!main"
enter = "/usr/lib/libx.so.4!ns::f"
nth = 3
[point.call]
process = "probe"
enter = "syscall:futex"
[point.back]
process = "probe"
leave = "syscall:read"
[point.birth]
process = "probe/1"
born = true
[point.thread_birth]
process = "probe/1"
thread = "!main"
born = true
[point.end]
process = "probe"
exits = true
)");
    REQUIRE(plan.points.size() == 6);
    const auto& sym = std::get<EntersSymbol>(plan.points[0].event);
    CHECK(sym.place == CodePlace{"libx.so.4", "ns::f"});
    CHECK(plan.points[0].process.forks == std::vector<unsigned>{1, 2});
    CHECK(plan.points[0].thread.kind == ThreadSelector::Kind::not_main);
    CHECK(plan.points[0].nth == 3);
    CHECK(plan.points[0].at == Span{14, 9});
    CHECK(std::get<EntersSyscall>(plan.points[1].event).number == syscall_number("futex"));
    CHECK(plan.points[1].thread.kind == ThreadSelector::Kind::any);
    CHECK(std::get<LeavesSyscall>(plan.points[2].event).number == syscall_number("read"));
    CHECK(std::holds_alternative<IsBorn>(plan.points[3].event));
    CHECK(plan.points[3].thread.kind == ThreadSelector::Kind::main);
    CHECK(plan.points[4].thread.kind == ThreadSelector::Kind::not_main);
    CHECK(std::holds_alternative<Exits>(plan.points[5].event));
    CHECK(plan.points[5].thread.kind == ThreadSelector::Kind::main);
}

TEST_CASE(
    "holds refer to points by index, with their own or their point's name and a limit of three seconds") {
    const Plan plan = only_plan(R"(
[point.a]
process = "probe"
enter = "syscall:read"
[point.b]
process = "probe"
enter = "syscall:write"
[point.c]
process = "probe"
enter = "syscall:close"
[[hold]]
at = "c"
until = "a"
[[hold]]
name = "mine"
at = "a"
until = "b"
limit = "250ms"
)");
    REQUIRE(plan.holds.size() == 2);
    CHECK(plan.holds[0].name == "c");
    CHECK(plan.holds[0].at == 2);
    CHECK(plan.holds[0].until == 0);
    CHECK(plan.holds[0].limit == Duration(3s));
    CHECK(plan.holds[1].name == "mine");
    CHECK(plan.holds[1].limit == Duration(250ms));
}

TEST_CASE("processes, faults, limits and expectations arrive in the plan") {
    const Plan plan = only_plan(R"(
env = { A = "${lib}", B = "2" }
[[process]]
name = "second"
argv = ["/bin/true", "$${x}"]
preload = ["${lib}"]
cwd = "/x"
[params]
lib = "libx.so"
[sandbox]
private = ["/var/lib/x"]
limits = { pids = 7, memory = "1GiB", output = "1MiB" }
[[sandbox.file]]
path = "/tmp/run"
text = "exec ${lib} $${x}"
mode = 0o755
[[sandbox.file]]
path = "/etc/passwd"
append = "x"
[[fault]]
name = "stub"
process = "second"
function = "${lib}!f"
return = -5
[[expect.thread]]
process = "second/1"
waits = "futex"
stack = ["a", "b"]
[[expect.process]]
process = "probe"
state = "zombie"
)");
    CHECK(plan.role == Role::scenario);
    CHECK(plan.file == "dir/x.toml");
    CHECK(plan.scenario == "x");
    REQUIRE(plan.processes.size() == 2);
    CHECK(plan.processes[0].argv == Lines{"/targets/probe"});
    CHECK(plan.processes[0].cwd == "/tmp");
    CHECK(plan.processes[0].env ==
          std::vector<std::pair<std::string, std::string>>{{"A", "libx.so"}, {"B", "2"}});
    CHECK(plan.processes[1].argv == Lines{"/bin/true", "${x}"});
    CHECK(plan.processes[1].preload == Lines{"libx.so"});
    CHECK(plan.processes[1].cwd == "/x");
    CHECK(plan.sandbox.private_folders == Lines{"/var/lib/x"});
    REQUIRE(plan.sandbox.files.size() == 2);
    CHECK(plan.sandbox.files[0].path == "/tmp/run");
    CHECK(plan.sandbox.files[0].text == "exec libx.so ${x}");
    CHECK_FALSE(plan.sandbox.files[0].appended);
    CHECK(plan.sandbox.files[0].mode == 0755);
    CHECK(plan.sandbox.files[1].text == "x");
    CHECK(plan.sandbox.files[1].appended);
    CHECK(plan.sandbox.files[1].mode == 0644);
    CHECK(plan.sandbox.pids == 7);
    CHECK(plan.sandbox.memory == 1ULL << 30);
    CHECK(plan.sandbox.output == 1ULL << 20);
    REQUIRE(plan.function_faults.size() == 1);
    CHECK(plan.function_faults[0].module == "libx.so");
    CHECK(plan.function_faults[0].symbol == "f");
    CHECK(plan.function_faults[0].value == -5);
    CHECK(plan.expect.outcome == Outcome::hung);
    REQUIRE(plan.expect.threads.size() == 1);
    CHECK(plan.expect.threads[0].process.text() == "second/1");
    CHECK(plan.expect.threads[0].thread.kind == ThreadSelector::Kind::any);
    CHECK(plan.expect.threads[0].waits == WaitKind::futex);
    CHECK(plan.expect.threads[0].stack == Lines{"a", "b"});
    REQUIRE(plan.expect.processes.size() == 1);
    CHECK(plan.expect.processes[0].state == "zombie");
}

TEST_CASE("host folders are visible only where built-in parameters name them") {
    CHECK(only_plan("").sandbox.visible == Lines{"/targets"});
    CHECK(only_plan("env = { A = \"${scenario_dir}/a\", B = \"${scenario_dir}/b\" }\n").sandbox.visible ==
          Lines{"/targets", "dir"});
    CHECK(only_plan("env = { A = \"${p}\" }\n[params]\np = \"${scenario_dir}\"\n").sandbox.visible ==
          Lines{"/targets", "dir"});
    CHECK(only_plan("[params]\nunused = \"${scenario_dir}\"\n").sandbox.visible == Lines{"/targets"});
    CHECK(only_plan("env = { A = \"${arm64_root}/usr\" }\n").sandbox.visible == Lines{"/arm64", "/targets"});
}

constexpr std::string_view with_control = R"(
env = { LIB = "${lib}", MODE = "${mode}" }
[params]
lib = "default"
mode = "buggy"
[matrix]
lib = ["one", "two"]
[point.a]
process = "probe"
enter = "syscall:read"
[point.b]
process = "probe"
enter = "syscall:write"
[[hold]]
name = "order"
at = "a"
until = "b"
[[hold]]
at = "b"
until = "a"
[[fault]]
name = "stub"
process = "probe"
function = "libx.so!f"
return = 0
[[expect.process]]
process = "probe"
state = "zombie"
[control]
drop = ["stub", "b"]
set = { mode = "fixed" }
outcome = "exited"
exit = 4
)";

TEST_CASE("each combination of the matrix comes with its control, in the order of the file") {
    const auto plans = plans_of(with_control);
    REQUIRE(plans.size() == 4);
    Lines order;
    for (const Plan& plan : plans)
        order.push_back(std::string(to_text(plan.role)) + " " + plan.params.at("lib") + " " +
                        plan.params.at("mode"));
    CHECK(order ==
          Lines{"scenario one buggy", "control one fixed", "scenario two buggy", "control two fixed"});
    CHECK(plans[1].processes[0].env[0].second == "one");
    CHECK(plans[1].processes[0].env[1].second == "fixed");
}

TEST_CASE("the control lacks what it drops and has its own expectation; all points stay") {
    const auto plans = plans_of(with_control);
    CHECK(plans[0].holds.size() == 2);
    CHECK(plans[0].function_faults.size() == 1);
    CHECK(plans[0].expect.processes.size() == 1);
    REQUIRE(plans[1].holds.size() == 1);
    CHECK(plans[1].holds[0].name == "order");
    CHECK(plans[1].function_faults.empty());
    CHECK(plans[1].points.size() == 2);
    CHECK(plans[1].expect.outcome == Outcome::exited);
    CHECK(plans[1].expect.exit == 4);
    CHECK(plans[1].expect.processes.empty());
}

TEST_CASE("runs with some parameters have an expectation of their own: the first that fits") {
    const auto plans = plans_of(R"(
[params]
lib = "a.so"
mode = "x"
[matrix]
lib = ["a.so", "b.so.1"]
mode = ["x", "y", "z"]
[[expect.process]]
process = "probe"
state = "zombie"
[[expect.for]]
params = { lib = "b.so*", mode = ["x", "y"] }
outcome = "exited"
exit = 3
[[expect.for]]
params = { mode = "y" }
outcome = "hung"
cause = "spin"
[[expect.for.thread]]
process = "probe"
waits = "futex"
[control]
set = { mode = "y" }
outcome = "exited"
exit = 0
)");
    Lines expected;
    for (const Plan& plan : plans) {
        if (plan.role == Role::control) {
            CHECK(plan.expect.exit == 0);
            continue;
        }
        expected.push_back(plan.params.at("lib") + " " + plan.params.at("mode") + " " +
                           std::string(to_text(plan.expect.outcome)) + " " +
                           std::to_string(plan.expect.threads.size()) +
                           std::to_string(plan.expect.processes.size()));
    }
    CHECK(expected == Lines{"a.so x hung 01", "a.so y hung 10", "a.so z hung 01", "b.so.1 x exited 00",
                            "b.so.1 y exited 00", "b.so.1 z hung 01"});
    CHECK(plans_of("[params]\nn = 1\n[[expect.for]]\nparams = { n = 2 }\noutcome = \"exited\"\n",
                   {{"n", "2"}})[0]
              .expect.outcome == Outcome::exited);
}

TEST_CASE("the first axis of a matrix turns slowest") {
    Lines order;
    for (const Plan& plan : plans_of("[params]\nb = 0\na = 0\n[matrix]\nb = [1, 2]\na = [3, 4]\n"))
        order.push_back(plan.params.at("b") + plan.params.at("a"));
    CHECK(order == Lines{"13", "14", "23", "24"});
}

TEST_CASE("a value from --set overrides a parameter and takes it out of the matrix") {
    const auto plans = plans_of(with_control, {{"lib", "mine"}});
    REQUIRE(plans.size() == 2);
    CHECK(plans[0].params.at("lib") == "mine");
    CHECK(plans[1].params.at("lib") == "mine");
}

TEST_CASE("values from --set of unknown parameters and with wrong references") {
    CHECK(mistakes_of("[params]\ntcmalloc = \"x\"\n", {{"tcmaloc", "y"}}) ==
          Lines{"dir/x.toml: error: --set tcmaloc: there is no parameter \"tcmaloc\"; did you mean "
                "\"tcmalloc\"?"});
    CHECK(mistakes_of("[params]\na = \"x\"\n", {{"a", "${target}"}}) ==
          Lines{"dir/x.toml: error: --set a: there is no built-in parameter \"target\"; did you mean "
                "\"targets\"?"});
    CHECK(only_plan("env = { A = \"${a}\" }\n[params]\na = \"x\"\n", {{"a", "${targets}/y"}})
              .processes[0]
              .env[0]
              .second == "/targets/y");
}

TEST_CASE("values that only parameters make wrong are found, once for all runs") {
    CHECK(mistakes_of(R"(
[params]
call = "read"
where = "probe/1"
[matrix]
where = ["probe/1", "porbe/1", "porbe/1"]
[point.a]
process = "${where}"
enter = "syscall:${call}"
)",
                      {{"call", "raed"}}) ==
          Lines{"dir/x.toml:17:11: error: there is no process \"porbe\"; did you mean \"probe\"?",
                "dir/x.toml:18:9: error: unknown system call \"raed\"; did you mean \"read\"?"});
}

TEST_CASE("a parameter that leaves a program without a name is found") {
    CHECK(mistakes_of("[[process]]\nname = \"b\"\nargv = [\"${p}\"]\n[params]\np = \"\"\n") ==
          Lines{"dir/x.toml:12:9: error: the program's name is empty"});
}

TEST_CASE("holds that only parameters make a circle are found") {
    const auto lines = mistakes_of(R"([params]
where = "probe/2"
[point.birth]
process = "${where}"
born = true
[point.inside]
process = "probe/1"
enter = "syscall:read"
[[hold]]
at = "birth"
until = "inside"
)",
                                   {{"where", "probe/1"}});
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("dir/x.toml:18:1: error: this hold waits for itself"));
}

TEST_CASE("an order after a fork is two points and a hold, which a control can leave out") {
    const auto plans = plans_of(
        "[fork_order]\n\"probe/1\" = \"parent-first\"\n[control]\ndrop = [\"probe/1\"]\noutcome = "
        "\"exited\"\n");
    REQUIRE(plans.size() == 2);
    const Plan& plan = plans[0];
    REQUIRE(plan.points.size() == 2);
    REQUIRE(plan.holds.size() == 1);
    CHECK(plan.holds[0].at == 0);
    CHECK(plan.holds[0].until == 1);
    CHECK(std::get<ReturnsFromFork>(plan.points[0].event).side == ForkSide::child);
    CHECK(std::get<GoesOnAfterFork>(plan.points[1].event).side == ForkSide::parent);
    CHECK(plan.points[0].process.text() == "probe/1");
    CHECK(plans[1].holds.empty());
}

TEST_CASE("conditions on arguments are numbers in the plan, an int's as 32 bits") {
    const Plan plan = only_plan(
        "[point.p]\nprocess = \"probe\"\nenter = \"syscall:openat\"\n"
        "where = { dfd = \"AT_FDCWD\", flags = \"&O_CREAT|O_EXCL\", filename = 0 }\n");
    const auto& where = std::get<EntersSyscall>(plan.points[0].event).where;
    REQUIRE(where.size() == 3);
    CHECK(where[0] == ArgumentCondition{.index = 0, .mask = 0xffffffff, .value = 0xffffff9c});
    CHECK(where[1] == ArgumentCondition{.index = 2, .mask = 0300, .value = 0300});
    CHECK(where[2] == ArgumentCondition{.index = 1, .mask = ~std::uint64_t{0}, .value = 0});
    CHECK(where[1].matches(0301));
    CHECK_FALSE(where[1].matches(0100));
}

TEST_CASE("places in the code keep what the scenario says of them") {
    const auto place = [](const std::string& text) {
        const Plan plan = only_plan("[point.p]\nprocess = \"probe\"\nenter = \"" + text + "\"\n");
        return std::get<EntersSymbol>(plan.points[0].event).place;
    };
    CHECK(place("/lib/l.so!a::f") == CodePlace{"l.so", "a::f"});
    CHECK(place("a.c:7") == CodePlace{"", SourceLine{"a.c", 7}});
    CHECK(place("l.so!src/a.cc:7") == CodePlace{"l.so", SourceLine{"src/a.cc", 7}});
    CHECK(place("libstdc++.so.6+0xff") == CodePlace{"libstdc++.so.6", CodeOffset{0xff}});
    for (const char* text : {"l.so!f", "a.c:7", "l.so!a.c:7", "l.so+0xff"}) CHECK(place(text).text() == text);
}

TEST_CASE("a process that speaks QMP executes our speaker, with parameters as JSON wants them") {
    const auto plans = plans_of(R"([[process]]
name = "speaker"
[process.qmp]
socket = "/tmp/${p}"
limit = "1500us"
pidfile = "/tmp/${p}.pid"
say = [
    { execute = "a", arguments = { x = "${p}" } },
    { execute = "b", expect = ["${p}"] },
    { execute = "c", error = "E" },
]
[params]
p = "a\"b"
)");
    const PlannedProcess& speaker = plans.at(0).processes.at(1);
    CHECK(speaker.argv == Lines{"/targets/qmp_speaker", "/tmp/a\"b", "2", "/tmp/a\"b.pid",
                                R"({"execute":"a","arguments":{"x":"a\"b"}})", R"({"execute":"b"})",
                                R"({"execute":"c"})"});
    REQUIRE(speaker.qmp);
    CHECK(speaker.qmp->socket == "/tmp/a\"b");
    CHECK(speaker.qmp->say.at(1).expect == R"(["a\"b"])");
    CHECK(speaker.qmp->say.at(2).error == "E");
    CHECK(plans.at(0).sandbox.visible == Lines{"/targets"});
}

TEST_CASE("a speaker waits ten seconds for its socket, and for no daemon, if nothing else is said") {
    const auto plans = plans_of(
        "[[process]]\nname = \"speaker\"\n[process.qmp]\nsocket = \"/tmp/q\"\nsay = [{execute = \"a\"}]\n");
    CHECK(plans.at(0).processes.at(1).argv ==
          Lines{"/targets/qmp_speaker", "/tmp/q", "10000", "-", R"({"execute":"a"})"});
}

TEST_CASE("functions of guests are points, which a control drops with the holds that need them") {
    const auto plans = plans_of(R"(
[point.fork]
process = "probe/1"
thread = "main"
enter = "guest:/lib/libc.so.6!fork"
[point.free]
process = "probe/1"
enter = "guest:libtc.so!tc::free"
[point.seen]
process = "probe/1"
enter = "guest:libtc.so!tc::malloc"
[[hold]]
at = "fork"
until = "free"
[control]
drop = ["fork"]
outcome = "exited"
)");
    REQUIRE(plans.size() == 2);
    REQUIRE(plans[0].points.size() == 3);
    CHECK(std::get<EntersGuestFunction>(plans[0].points[0].event) ==
          EntersGuestFunction{"libc.so.6", "fork"});
    CHECK(std::get<EntersGuestFunction>(plans[0].points[1].event).text() == "guest:libtc.so!tc::free");
    REQUIRE(plans[1].points.size() == 1);
    CHECK(plans[1].points[0].name == "seen");
}
