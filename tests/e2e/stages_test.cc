// rehang is killed, interrupted or loses its reader in the middle of each stage of a run: nothing stays
// behind, and where it may still speak, it says that it was interrupted.
#include <fmt/format.h>
#include <sched.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.h"
#include "catch.h"
#include "command.h"
#include "family.h"
#include "scenario_text.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(30);

// One run that stays in each stage until it is disturbed: its target waits for a child that waits with a
// time-out, and a second thread of events is held at a point that is never left.
std::string scenario_with(const std::string& commands, const std::string& points) {
    return text_of({.name = "stays",
                    .argv = fmt::format("\"/bin/bash\", \"-c\", '''{}'''", commands),
                    .scenario = "timeout = \"10min\"\n",
                    .rest = points});
}

constexpr auto hold_at_birth = R"([point.child]
process = "p/1"
born = true
[point.never]
process = "p"
enter = "syscall:chroot"
[[hold]]
at = "child"
until = "never"
limit = "10min"
)";
constexpr auto hold_at_call = R"([point.call]
process = "p"
enter = "syscall:getcwd"
[point.never]
process = "p"
enter = "syscall:chroot"
[[hold]]
at = "call"
until = "never"
limit = "10min"
)";
constexpr auto hold_at_function = R"([point.function]
process = "p"
enter = "libc.so.6!fork"
[point.never]
process = "p"
enter = "syscall:chroot"
[[hold]]
at = "function"
until = "never"
limit = "10min"
)";

// ---- the stages ----

struct Stage {
    std::string name;
    std::string scenario;
    std::function<bool(const std::vector<Relative>&)> reached;
};

const std::vector<Stage>& stages() {
    static const std::string sleeper = "sleep 600; true";
    static const std::vector<Stage> all = {
        {"before its worker has started anything", scenario_with(sleeper, ""),
         [](const auto& family) { return family.size() >= 2; }},
        {"while the sandbox is set up", scenario_with(sleeper, ""),
         [](const auto& family) { return family.size() >= 3; }},
        {"while a target runs", scenario_with(sleeper, ""),
         [](const auto& family) { return has(family, "sleep", "S"); }},
        {"while targets come and go", scenario_with("while :; do (:); done", ""),
         [](const auto& family) { return has(family, "bash", "RSDtZ"); }},
        {"while a child is held at its birth", scenario_with(sleeper, hold_at_birth),
         [](const auto& family) { return has(family, "bash", "t") && has(family, "bash", "S"); }},
        {"while a thread is held at a system call",
         scenario_with("pwd -P; cd /; pwd -P; " + sleeper, hold_at_call),
         [](const auto& family) { return has(family, "bash", "t"); }},
        {"while a thread is held at a function", scenario_with(sleeper, hold_at_function),
         [](const auto& family) { return has(family, "bash", "t"); }},
        {"while a target writes as much as it can", scenario_with("while :; do echo spam; done", ""),
         [](const auto& family) { return has(family, "bash", "RS"); }},
    };
    return all;
}

// The family at the moment when the stage was reached.
std::vector<Relative> wait_for(const Stage& stage, const Running& run) {
    for (const auto give_up = Clock::now() + patience; Clock::now() < give_up; ::sched_yield()) {
        auto family = family_of(run);
        if (stage.reached(family)) return family;
    }
    FAIL("never reached: " << stage.name);
    return {};
}

// What rehang itself left in the folder for temporary files; other tests have folders there at the same time.
std::set<std::string> temporary_files() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path())) {
        const std::string name = entry.path().filename();
        if (name.starts_with("rehang") && !name.starts_with("rehang-e2e-")) names.insert(name);
    }
    return names;
}

std::vector<std::string> run_it(const std::string& file) {
    return {"run", file};
}

// Targets that can be left alive do not end with whoever traces them.
std::vector<std::string> run_and_keep_it(const std::string& file) {
    return {"run", file, "--keep"};
}

TEST_CASE("killed at any stage, rehang leaves nobody behind") {
    if (must_skip()) return;
    const auto words_for = GENERATE(&run_it, &run_and_keep_it);
    for (const Stage& stage : stages()) {
        INFO("SIGKILL " << stage.name);
        const Folder folder;
        const std::string file = folder.file("stays.toml", stage.scenario);
        const auto before = temporary_files();
        Running run(words_for(file), folder.path());
        const auto family = wait_for(stage, run);
        run.send(SIGKILL);
        CHECK(run.wait().status == 128 + SIGKILL);
        check_that_nobody_is_left(family);
        CHECK(temporary_files() == before);
    }
}

TEST_CASE("asked to end at any stage, rehang says so, writes its report and leaves nobody behind") {
    if (must_skip()) return;
    const std::vector<int> signals = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < stages().size(); ++i) {
        const Stage& stage = stages()[i];
        const int signal = signals[i % signals.size()];
        INFO("signal " << signal << ' ' << stage.name);
        const Folder folder;
        const std::string json = folder.path() + "/report.json";
        const std::string file = folder.file("stays.toml", stage.scenario);
        Running run({"run", file, "--json", json});
        const auto family = wait_for(stage, run);
        run.send(signal);
        const Finished result = run.wait();
        CHECK(result.status == 130);
        CHECK_THAT(result.err, Contains("interrupted"));
        check_that_nobody_is_left(family);
        CHECK(nlohmann::json::parse(read_file_or_empty(json))["runs"].empty());
    }
}

TEST_CASE("a worker that is killed at any stage takes its run with it, and rehang reports it") {
    if (must_skip()) return;
    const auto words_for = GENERATE(&run_it, &run_and_keep_it);
    for (const Stage& stage : stages()) {
        INFO(stage.name);
        const Folder folder;
        Running run(words_for(folder.file("stays.toml", stage.scenario)), folder.path());
        const auto family = wait_for(stage, run);
        REQUIRE(::kill(family.at(1).pid, SIGKILL) == 0);
        const Finished result = run.wait();
        CHECK(result.status == 3);
        CHECK_THAT(result.err + result.out, Contains("the runner's worker died: SIGKILL"));
        check_that_nobody_is_left(family);
    }
}

TEST_CASE("a reader that goes at any stage ends nothing before there is something to say") {
    if (must_skip()) return;
    const Folder folder;
    Running run({"run", folder.file("stays.toml", scenario_with("exit 0", ""))});
    run.close_stdout();
    const Finished result = run.wait();
    CHECK(result.status == 128 + SIGPIPE);
    CHECK(result.err.empty());
}

TEST_CASE("two rehangs at once do not disturb each other") {
    if (must_skip()) return;
    const std::string pipe = std::string(REHANG_SCENARIOS) + "/pipe/daemon-holds-pipe.toml";
    const std::string localtime = std::string(REHANG_SCENARIOS) + "/libc/localtime-lock-at-fork.toml";
    Running one({"run", pipe, "--repeat", "10", "--quiet"});
    Running other({"run", localtime, "--repeat", "10", "--quiet"});
    const Finished first = one.wait();
    const Finished second = other.wait();
    INFO(first.out << second.out);
    CHECK(first.status == 0);
    CHECK(second.status == 0);
}

// Targets have no capabilities and a tracer already: the inner one can neither make a sandbox nor trace (nor
// can LeakSanitizer, which needs that as well).
TEST_CASE("rehang inside of rehang says that it belongs outside") {
    if (must_skip()) return;
    const Folder folder;
    const std::string inner = folder.file("inner.toml", scenario_with("exit 0", ""));
    const std::string outer = folder.file(
        "outer.toml",
        text_of({.name = "outer",
                 .argv = fmt::format("\"{}\", \"run\", \"${{scenario_dir}}/inner.toml\"", REHANG_PROGRAM),
                 .process = "env = { ASAN_OPTIONS = \"detect_leaks=0\" }\n",
                 .rest = "[sandbox]\nlimits = { memory = \"32768GiB\" }\n",
                 .expect = "outcome = \"exited\"\nexit = 125"}));
    const Finished result = rehang({"run", outer, "--json", "-"});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    const auto run = nlohmann::json::parse(result.out)["runs"][0];
    CHECK_THAT(run["streams"][0]["stdout"].get<std::string>(),
               Contains("start it outside of another rehang"));
}

}  // namespace
}  // namespace rehang::e2e
