// Right scenarios: every key arrives in the model.
#include "scenario/parse.h"

#include "catch.h"
#include "texts.h"

using namespace rehang;
using namespace rehang::test;
using namespace std::chrono_literals;

namespace {

Scenario parse(std::string_view text) {
    auto parsed = parse_scenario(text, "dir/x.toml");
    for (const Diagnostic& diagnostic : parsed.diagnostics) UNSCOPED_INFO(format(diagnostic));
    REQUIRE(parsed.diagnostics.empty());
    return std::move(parsed.scenario);
}

std::vector<std::string> values(const Texts& texts) {
    std::vector<std::string> result;
    for (const Text& text : texts) result.push_back(text.value);
    return result;
}

}  // namespace

TEST_CASE("the head of a scenario") {
    const Scenario s = parse(R"(format = 1
[scenario]
name = "a-name-1"
summary = "what it shows"
links = ["https://example.org/1"]
tags = ["fork"]
needs = ["file:libc.so.6", "program:gdb"]
timeout = "1.5s"
[params]
lib = "libx.so"
count = 3
on = true
[matrix]
lib = ["libx.so", "liby.so"]
[sandbox]
private = ["/var/lib/x"]
limits = { pids = 10, memory = "1GiB", output = "1MiB" }
[[process]]
name = "probe"
argv = ["${targets}/p", "${lib}"]
preload = ["${lib}"]
env = { Z = "1", A = 2 }
cwd = "/var/lib/x"
[expect]
outcome = "exited"
)");
    CHECK(s.file == "dir/x.toml");
    CHECK(s.folder == "dir");
    CHECK(s.name.value == "a-name-1");
    CHECK(s.name.at == Span{3, 8});
    CHECK(s.summary.value == "what it shows");
    CHECK(values(s.links) == Lines{"https://example.org/1"});
    CHECK(values(s.tags) == Lines{"fork"});
    CHECK(values(s.needs) == Lines{"file:libc.so.6", "program:gdb"});
    CHECK(s.timeout.value == Duration(1500ms));
    REQUIRE(s.params.size() == 3);  // in the order of the file
    CHECK(s.params[0].name.value == "lib");
    CHECK(s.params[1].value.value == "3");
    CHECK(s.params[2].value.value == "true");
    REQUIRE(s.matrix.size() == 1);
    CHECK(values(s.matrix[0].values) == Lines{"libx.so", "liby.so"});
    CHECK(values(s.sandbox.private_folders) == Lines{"/var/lib/x"});
    CHECK(s.sandbox.pids->value == 10);
    CHECK(s.sandbox.memory->value == 1ULL << 30);
    CHECK(s.sandbox.output->value == 1ULL << 20);
    REQUIRE(s.processes.size() == 1);
    CHECK(values(s.processes[0].argv) == Lines{"${targets}/p", "${lib}"});
    CHECK(values(s.processes[0].preload) == Lines{"${lib}"});
    REQUIRE(s.processes[0].env.size() == 2);
    CHECK(s.processes[0].env[0].first.value == "Z");
    CHECK(s.processes[0].env[1].second.value == "2");
    CHECK(s.processes[0].cwd->value == "/var/lib/x");
}

TEST_CASE("points, holds and function faults") {
    const Scenario s = parse(scenario_with(R"toml(argv = ["a"]
[point.z-first]
process = "probe/1"
thread = "!main"
enter = "libc.so.6!operator new(unsigned long)"
nth = 2
[point.a]
process = "probe"
leave = "syscall:read"
[point.b]
process = "probe/1"
born = true
[point.c]
process = "probe/1"
thread = "name:worker"
exits = true
[[hold]]
at = "z-first"
until = "a"
[[hold]]
name = "late"
at = "a"
until = "c"
limit = "250ms"
[[fault]]
name = "f"
process = "probe"
function = "libx.so!g"
return = -1
)toml"));
    REQUIRE(s.points.size() == 4);
    CHECK(s.points[0].name.value == "z-first");
    CHECK(s.points[0].at == Span{10, 1});
    CHECK(s.points[0].thread->value == "!main");
    CHECK(s.points[0].enter->value == "libc.so.6!operator new(unsigned long)");
    CHECK(s.points[0].nth.value == 2);
    CHECK(s.points[1].leave->value == "syscall:read");
    CHECK_FALSE(s.points[1].thread);
    CHECK(s.points[2].born);
    CHECK(s.points[3].exits);
    REQUIRE(s.holds.size() == 2);
    CHECK(s.holds[0].at.value == "z-first");
    CHECK_FALSE(s.holds[0].limit);
    CHECK(s.holds[1].name->value == "late");
    CHECK(s.holds[1].until.value == "c");
    CHECK(s.holds[1].limit->value == Duration(250ms));
    REQUIRE(s.faults.size() == 1);
    CHECK(s.faults[0].function->value == "libx.so!g");
    CHECK(s.faults[0].returns->value == -1);
}

TEST_CASE("expectation and control") {
    const Scenario s = parse(R"(format = 1
[scenario]
name = "x"
summary = "y"
[params]
p = "1"
[[process]]
name = "probe"
argv = ["a"]
[expect]
outcome = "hung"
cause = "held-pipe"
exit = 3
stdout = ["ready"]
stderr = ["one", "two"]
[[expect.thread]]
process = "probe/1"
thread = "main"
waits = "pipe-read"
stack = ["inner", "outer"]
[[expect.thread]]
process = "probe"
[[expect.process]]
process = "probe/1"
state = "zombie"
[control]
set = { p = 2 }
outcome = "signaled"
signal = "SIGABRT"
)");
    CHECK(s.expect.outcome.value == Outcome::hung);
    CHECK(s.expect.cause->value == Cause::held_pipe);
    CHECK(s.expect.exit->value == 3);
    CHECK(values(s.expect.stdout_has) == Lines{"ready"});
    CHECK(values(s.expect.stderr_has) == Lines{"one", "two"});
    REQUIRE(s.expect.threads.size() == 2);
    CHECK(s.expect.threads[0].waits->value == WaitKind::pipe_read);
    CHECK(values(s.expect.threads[0].stack) == Lines{"inner", "outer"});
    CHECK_FALSE(s.expect.threads[1].waits);
    REQUIRE(s.expect.processes.size() == 1);
    CHECK(s.expect.processes[0].state.value == "zombie");
    REQUIRE(s.control);
    CHECK(s.control->set.at(0).first.value == "p");
    CHECK(s.control->set.at(0).second.value == "2");
    CHECK(s.control->expect.outcome.value == Outcome::signaled);
    CHECK(s.control->expect.signal->value == "SIGABRT");
}

TEST_CASE("the control can drop a hold by its name, or by its point where it has none") {
    const Scenario s = parse(scenario_with(R"(argv = ["a"]
[point.p]
process = "probe"
enter = "syscall:read"
[point.q]
process = "probe"
enter = "syscall:write"
[point.r]
process = "probe"
enter = "syscall:close"
[[hold]]
name = "first"
at = "p"
until = "q"
[[hold]]
at = "r"
until = "q"
[control]
drop = ["first", "r"]
outcome = "exited"
)"));
    CHECK(values(s.control->drop) == Lines{"first", "r"});
}

TEST_CASE("points that nobody uses are fine") {
    CHECK(mistakes_with("[point.p]\nprocess = \"probe\"\nborn = true\n") == Lines{});
}
