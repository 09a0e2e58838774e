// Looking at a hang oneself: --gdb, --keep, --core.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "base/unique_fd.h"
#include "catch.h"
#include "command.h"
#include "family.h"
#include "host/host.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string hang = std::string(REHANG_SCENARIOS) + "/libc/localtime-lock-at-fork.toml";

bool no_gdb() {
    if (must_skip()) return true;
    const auto there = check_need("program:gdb");
    if (there) return false;
    if (std::getenv("REHANG_MUST_RUN")) FAIL(there.error().what);
    WARN("skipped: " << there.error().what);
    return true;
}

TEST_CASE(
    "the option --gdb opens gdb on the thread that the others wait for, once, and the report comes "
    "afterwards") {
    if (no_gdb()) return;
    const Folder folder;
    const std::string commands = folder.file("commands", "bt\nquit\n");
    const Finished result = rehang({"run", hang, "--gdb"}, folder.path(), commands);
    CHECK(result.status == 0);
    const size_t stack = result.out.find("(gdb) #0");
    const size_t report = result.out.find("\nWhy\n");
    REQUIRE(stack != std::string::npos);
    REQUIRE(report != std::string::npos);
    CHECK(stack < report);
    CHECK_THAT(result.out.substr(stack, report - stack),
               Contains("__lll_lock_wait_private") && Contains("log_line"));
    CHECK(result.out.find("(gdb) #0", stack + 1) == std::string::npos);
    CHECK_THAT(result.out, Contains("(control)  exited with 0"));
}

// A gdb at its prompt, which nobody has typed anything into.
struct AtPrompt {
    AtPrompt() {
        const std::string fifo = folder.path() + "/terminal";
        REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
        typing = UniqueFd(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
        run.emplace(std::vector<std::string>{"run", hang, "--gdb"}, folder.path(), fifo);
        for (std::string line; !line.contains("(gdb) ");) {
            line = run->read_line();
            if (line.starts_with("gdb: ")) break;
        }
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        do {
            REQUIRE(std::chrono::steady_clock::now() < give_up);
            family = family_of(*run);
            ::sched_yield();
        } while (!has(family, "gdb", "S") || !has(family, "localtime_fork", "t"));
    }
    int pid_of(const std::string& name) const {
        return std::ranges::find(family, name, &Relative::name)->pid;
    }

    Folder folder;
    UniqueFd typing;
    std::optional<Running> run;
    std::vector<Relative> family;
};

TEST_CASE("a gdb that is killed ends the run like one that was left") {
    if (no_gdb()) return;
    AtPrompt gdb;
    REQUIRE(::kill(gdb.pid_of("gdb"), SIGKILL) == 0);
    const Finished result = gdb.run->wait();
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("\nWhy\n"));
    check_that_nobody_is_left(gdb.family);
}

TEST_CASE("SIGINT is for the gdb in the foreground: rehang waits for its end") {
    if (no_gdb()) return;
    AtPrompt gdb;
    gdb.run->send(SIGINT);
    REQUIRE(::write(gdb.typing.get(), "quit\n", 5) == 5);
    const Finished result = gdb.run->wait();
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("\nWhy\n"));
    check_that_nobody_is_left(gdb.family);
}

TEST_CASE("whatever ends rehang or its worker while gdb runs, nobody is left behind") {
    if (no_gdb()) return;
    SECTION("rehang is killed") {
        AtPrompt gdb;
        gdb.run->send(SIGKILL);
        CHECK(gdb.run->wait().status == 128 + SIGKILL);
        check_that_nobody_is_left(gdb.family);
    }
    SECTION("rehang is asked to end") {
        AtPrompt gdb;
        gdb.run->send(SIGTERM);
        CHECK(gdb.run->wait().status == 130);
        check_that_nobody_is_left(gdb.family);
    }
    SECTION("its worker is killed") {
        AtPrompt gdb;
        REQUIRE(::kill(gdb.family.at(1).pid, SIGKILL) == 0);
        CHECK(gdb.run->wait().status == 3);
        check_that_nobody_is_left(gdb.family);
    }
}

TEST_CASE("without gdb the options say which package brings it, and nothing is run") {
    if (no_gdb()) return;
    const auto gdb = find_program("gdb");
    REQUIRE(gdb);
    for (const char* option : {"--gdb", "--core"}) {
        const std::string without =
            fmt::format("mount --bind /dev/null {} && exec {} run {} {}", *gdb, REHANG_PROGRAM, hang, option);
        const Finished result = run_program("/usr/bin/unshare", {"-rm", "/bin/sh", "-c", without});
        CHECK(result.status == 125);
        CHECK(result.out.empty());
        CHECK_THAT(result.err, Contains("apt") && Contains("gdb"));
    }
}

TEST_CASE("the option --gdb is for one run at a time, and not for JSON on stdout") {
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{"--repeat", "2"}, {"--jobs", "2"}, {"--json", "-"}}) {
        std::vector<std::string> words = {"run", hang, "--gdb"};
        words.insert(words.end(), more.begin(), more.end());
        const Finished result = rehang(words);
        CHECK(result.status == 2);
        CHECK_THAT(result.err, Contains("--gdb"));
    }
}

// A run with --keep whose targets are alive; ends them when it goes.
struct LeftAlive {
    explicit LeftAlive(const std::string& scenario) {
        const std::string json = folder.path() + "/report.json";
        text = rehang({"run", scenario, "--keep", "--json", json}, folder.path()).out;
        run = Json::parse(read_file_or_empty(json))["runs"][0];
        REQUIRE(run["keeper"].is_number());
    }
    LeftAlive(const LeftAlive&) = delete;
    LeftAlive& operator=(const LeftAlive&) = delete;
    ~LeftAlive() { ::kill(run["keeper"].get<int>(), SIGKILL); }

    // The command that the report tells behind these words.
    std::string command(const std::string& title) const {
        const size_t begin = text.find("\n  " + title + ": ");
        REQUIRE(begin != std::string::npos);
        const size_t word = begin + title.size() + 5;
        return text.substr(word, text.find('\n', word) - word);
    }
    std::string proc_folder(size_t process) const {
        return fmt::format("/proc/{}", run["processes"][process]["host_pid"].get<int>());
    }
    void wait_for_the_end() const {
        for (size_t i = 0; i < run["processes"].size(); ++i)
            while (std::filesystem::exists(proc_folder(i))) ::sched_yield();
    }

    Folder folder;
    std::string text;
    Json run;
};

TEST_CASE("the option --keep leaves a hang alive, untouched; the commands that it tells work") {
    if (must_skip()) return;
    const LeftAlive left(hang);
    for (size_t process : {0, 1})
        CHECK_THAT(read_file_or_empty(left.proc_folder(process) + "/status"),
                   Contains("State:\tS") && Contains("TracerPid:\t0\n"));

    std::istringstream words(left.command("who waits for whom"));
    std::string rehang_word, word;
    std::vector<std::string> arguments;
    for (words >> rehang_word; words >> word;) arguments.push_back(word);
    const Finished diagnosed = rehang(arguments);
    CHECK_THAT(diagnosed.out, Contains("tzset_lock") && Contains("All 2 threads can never go on"));

    if (!no_gdb()) {
        const std::string gdb = left.command("app/1") + " -batch -ex bt";
        CHECK_THAT(run_program("/bin/sh", {"-c", gdb}).out,
                   Contains("__lll_lock_wait_private") && Contains("log_line"));
    }
    CHECK(run_program("/bin/sh", {"-c", left.command("end it all")}).status == 0);
    left.wait_for_the_end();
}

TEST_CASE("a keeper that is killed takes its targets with it") {
    if (must_skip()) return;
    const LeftAlive left(hang);
    REQUIRE(::kill(left.run["keeper"].get<int>(), SIGKILL) == 0);
    left.wait_for_the_end();
}

// May fail: about once in thirty times the targets end when they are left, and why is not known yet.
TEST_CASE("what was not proven to be stuck is left alive stopped, with nothing of the runner on it",
          "[!mayfail]") {
    if (must_skip()) return;
    const Folder folder;
    // Held at the begin of a call, and another breakpoint waits in vain.
    const std::string file = folder.file("unmet.toml", R"(format = 1
[scenario]
name = "unmet"
summary = "waits for a point that never comes"
[[process]]
name = "p"
argv = ["/bin/bash", "-c", "sleep 600 & wait; pwd -P"]
[point.born]
process = "p/1"
born = true
[point.never]
process = "p"
enter = "libc.so.6!sethostname"
[[hold]]
at = "born"
until = "never"
limit = "200ms"
[expect]
outcome = "unmet"
)");
    const LeftAlive left(file);
    CHECK(left.run["outcome"] == "unmet");
    for (size_t process = 0; process < left.run["processes"].size(); ++process)
        CHECK_THAT(read_file_or_empty(left.proc_folder(process) + "/status"),
                   Contains("State:\tT (stopped)") && Contains("TracerPid:\t0\n"));
    // It does not die of a breakpoint when it goes on: it ends as if it had never been traced.
    const int root = left.run["processes"][0]["host_pid"], child = left.run["processes"][1]["host_pid"];
    ::kill(root, SIGCONT);
    ::kill(child, SIGKILL);
    left.wait_for_the_end();
}

TEST_CASE("the option --core writes a core file of each process of a hang, which gdb can read") {
    if (no_gdb()) return;
    const Folder folder;
    const std::string json = folder.path() + "/report.json";
    CHECK(rehang({"run", hang, "--core", "--json", json}, folder.path()).status == 0);
    const Json runs = Json::parse(read_file_or_empty(json))["runs"];
    REQUIRE(runs[0]["cores"].size() == 2);
    CHECK(runs[1]["cores"].empty());
    for (const Json& core : runs[0]["cores"]) {
        CHECK(read_file_or_empty(core["file"])
                  .starts_with("\x7f"
                               "ELF"));
        CHECK_THAT(core["program"].get<std::string>(), Contains("localtime_fork"));
        const Finished gdb = run_program(
            "/usr/bin/env", {"gdb", "-nx", "-batch", "-ex", "bt", core["program"].get<std::string>(),
                             core["file"].get<std::string>()});
        const bool hangs = core["process"] == "app/1";
        CHECK_THAT(gdb.out, hangs ? Contains("__lll_lock_wait_private") && Contains("log_line")
                                  : Contains("wait") && Contains("main"));
    }
    CHECK(runs[0]["keeper"].is_null());
}

}  // namespace
}  // namespace rehang::e2e
