// --keep: targets that are left alive.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

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
#include "looking.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

const std::string hang = std::string(REHANG_SCENARIOS) + "/libc/localtime-lock-at-fork.toml";

// A child is held at its birth, and another breakpoint waits in vain. No control follows.
std::string unmet(const Folder& folder) {
    return folder.file("unmet.toml", R"(format = 1
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
}

// A run with --keep whose targets are alive; ends them when it goes.
struct LeftAlive {
    explicit LeftAlive(const std::string& scenario) {
        const std::string json = folder.path() + "/report.json";
        text = rehang({"run", scenario, "--keep", "--json", json}, folder.path()).out;
        read(json);
    }
    // Of a command that had this report written.
    LeftAlive(const std::string& json, const Finished& command) : text(command.out) { read(json); }
    void read(const std::string& json) {
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
    int pid(size_t process) const { return run["processes"][process]["host_pid"].get<int>(); }
    std::string proc_folder(size_t process) const { return fmt::format("/proc/{}", pid(process)); }
    // As soon as they have all got the signal that stops them.
    void check_that_all_are_stopped() const {
        for (size_t i = 0; i < run["processes"].size(); ++i) {
            std::string status;
            do {
                status = read_file_or_empty(proc_folder(i) + "/status");
            } while (status.contains("State:\tR") && ::sched_yield() == 0);
            CHECK_THAT(status, Contains("State:\tT (stopped)") && Contains("TracerPid:\t0\n"));
        }
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

TEST_CASE("what was not proven to be stuck is left alive stopped, with nothing of the runner on it") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = unmet(folder);
    const LeftAlive left(file);
    CHECK(left.run["outcome"] == "unmet");
    left.check_that_all_are_stopped();
    // It does not die of a breakpoint when it goes on: it ends as if it had never been traced.
    ::kill(left.pid(0), SIGCONT);
    ::kill(left.pid(1), SIGKILL);
    left.wait_for_the_end();
}

// The worker is kept from leaving the command, which has nothing else to do.
struct KeptFromLeaving {
    KeptFromLeaving() : gdb(unmet(scenario_folder), "bash", {"--keep", "--json", json()}) {
        REQUIRE(::kill(gdb.worker(), SIGSTOP) == 0);
        gdb.quit();
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!order_waits() || !rehang_rests()) {
            REQUIRE(std::chrono::steady_clock::now() < give_up);
            ::sched_yield();
        }
    }
    std::string json() const { return scenario_folder.path() + "/report.json"; }
    // Something has been written to the worker that it has not read.
    bool order_waits() const {
        for (const auto& entry :
             std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", gdb.worker()))) {
            std::error_code error;
            const std::string number = entry.path().filename(), target = read_symlink(entry, error);
            if (std::stoi(number) <= STDERR_FILENO || !target.starts_with("pipe:")) continue;
            const UniqueFd pipe(::open(entry.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
            int waiting = 0;
            if (::ioctl(pipe.get(), FIONREAD, &waiting) == 0 && waiting > 0) return true;
        }
        return false;
    }
    // It waits for something, or has ended.
    bool rehang_rests() const {
        const std::string status = read_file_or_empty(fmt::format("/proc/{}/status", gdb.run->pid()));
        return !status.contains("State:\tR");
    }

    Folder scenario_folder;
    AtPrompt gdb;
};

TEST_CASE("rehang does not end before its worker has left it with the targets") {
    if (no_gdb()) return;
    KeptFromLeaving kept;
    REQUIRE(::kill(kept.gdb.worker(), SIGCONT) == 0);
    const LeftAlive left(kept.json(), kept.gdb.run->wait());
    CHECK(left.run["keeper"] == kept.gdb.worker());
    CHECK(read_file_or_empty(fmt::format("/proc/{}/comm", kept.gdb.worker())) == "rehang-keeper\n");
    left.check_that_all_are_stopped();
}

TEST_CASE("targets are not said to be alive if their worker ended before it had left") {
    if (no_gdb()) return;
    KeptFromLeaving kept;
    REQUIRE(::kill(kept.gdb.worker(), SIGKILL) == 0);
    const Finished result = kept.gdb.run->wait();
    CHECK(result.status == 3);
    CHECK_THAT(result.err + result.out, Contains("the runner's worker died: SIGKILL"));
    check_that_nobody_is_left(kept.gdb.family);
}

TEST_CASE("a run that timed out is left alive stopped, and goes on as if it had never been traced") {
    if (must_skip()) return;
    const Folder folder;
    // It never comes to the same state twice: the runner executes it step by step again and again.
    const LeftAlive left(folder.file("endless.toml", fmt::format(R"(format = 1
[scenario]
name = "endless"
summary = "computes for ever"
timeout = "290ms"
[[process]]
name = "p"
argv = ["{}", "wander"]
[expect]
outcome = "timeout"
)",
                                                                 REHANG_SPINNER)));
    CHECK(left.run["outcome"] == "timeout");
    left.check_that_all_are_stopped();
    const std::string used = left.proc_folder(0) + "/schedstat";
    const std::string before = read_file_or_empty(used);
    REQUIRE(::kill(left.pid(0), SIGCONT) == 0);
    // Computing again, and not on its way to the end.
    std::string status;
    do {
        status = read_file_or_empty(left.proc_folder(0) + "/status");
    } while (status.contains("State:\tT") && ::sched_yield() == 0);
    while (read_file_or_empty(used) == before) ::sched_yield();
    status = read_file_or_empty(left.proc_folder(0) + "/status");
    CHECK_THAT(status, Contains("State:\tR") && Contains("TracerPid:\t0\n"));
    CHECK(::kill(left.run["keeper"].get<int>(), 0) == 0);
}

TEST_CASE("calls that a fault was asked about are made once the run is over") {
    if (must_skip()) return;
    const Folder folder;
    const LeftAlive left(folder.file("asks.toml", fmt::format(R"(format = 1
[scenario]
name = "asks"
summary = "calls until the call is made"
timeout = "200ms"
[[process]]
name = "p"
argv = ["{}/faulty", "until-made"]
[[fault]]
name = "f"
process = "p"
syscall = "getppid"
errno = "EPERM"
[expect]
outcome = "timeout"
)",
                                                              REHANG_TEST_PROGRAMS)));
    REQUIRE(left.run["outcome"] == "timeout");
    left.check_that_all_are_stopped();
    REQUIRE(::kill(left.pid(0), SIGCONT) == 0);
    left.wait_for_the_end();  // neither an error nor a wait keeps it from that
}

// Host pids of the processes in that process's pid namespace, but its init.
std::vector<int> all_in_namespace_of(int pid) {
    const auto space = [](int of) {
        std::error_code gone;
        return std::filesystem::read_symlink(fmt::format("/proc/{}/ns/pid", of), gone).string();
    };
    std::vector<int> all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos || space(std::stoi(name)) != space(pid))
            continue;
        if (read_file_or_empty(entry.path() / "comm") != "rehang-init\n") all.push_back(std::stoi(name));
    }
    return all;
}

TEST_CASE("whoever is forked while a run ends is stopped like all others") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("forks.toml", R"(format = 1
[scenario]
name = "forks"
summary = "forks all the time"
timeout = "150ms"
[[process]]
name = "p"
argv = ["/bin/bash", "-c", "f() { while :; do { while :; do :; done; } & kill -9 $!; wait $!; done; }; f & f & f"]
[expect]
outcome = "timeout"
)");
    for (int i = 0; i < 8; ++i) {  // one in four times, somebody is
        const LeftAlive left(file);
        size_t stopped = 0;
        for (const int pid : all_in_namespace_of(left.pid(0))) {
            const std::string status = read_file_or_empty(fmt::format("/proc/{}/status", pid));
            CHECK_THAT(status, Contains("State:\tT") || Contains("State:\tZ"));
            CHECK_THAT(status, Contains("TracerPid:\t0\n"));
            ++stopped;
        }
        CHECK(stopped >= 3);
    }
}

TEST_CASE(
    "the option --keep does not overwrite what an earlier run has kept, and says so before anything runs") {
    if (must_skip()) return;
    const Folder folder;
    const std::string file = folder.file("x.toml", R"(format = 1
[scenario]
name = "x"
summary = "writes"
[[process]]
name = "p"
argv = ["/bin/echo", "out"]
[expect]
outcome = "exited"
)");
    REQUIRE(rehang({"run", file, "--keep"}, folder.path()).status == 0);
    const std::string kept = folder.path() + "/rehang-kept/x-scenario-1";
    const std::string json = folder.file("report.json", "as before");
    const Finished again = rehang({"run", file, "--keep", "--json", json}, folder.path());
    CHECK(again.status == 2);
    CHECK(again.out.empty());
    CHECK_THAT(again.err, Contains(kept + " is there already") && Contains("move it away or remove it"));
    CHECK(read_file_or_empty(json) == "as before");

    std::filesystem::remove_all(kept);
    CHECK(rehang({"run", file, "--keep"}, folder.path()).status == 0);
}

TEST_CASE("the option --keep copies nothing that the host has mounted in a private folder") {
    if (must_skip()) return;
    const Folder folder, elsewhere;
    const std::string file = folder.file("x.toml", R"(format = 1
[scenario]
name = "x"
summary = "reads its own folder below /tmp"
[[process]]
name = "p"
argv = ["/bin/sh", "-c", "test -r ${scenario_dir}/x.toml && echo in > /tmp/file"]
[expect]
outcome = "exited"
)");
    REQUIRE(rehang({"run", file, "--keep"}, elsewhere.path()).status == 0);
    const std::string files = elsewhere.path() + "/rehang-kept/x-scenario-1/files/tmp";
    CHECK(read_file_or_empty(files + "/file") == "in\n");
    const auto scenario_folder = std::filesystem::path(folder.path()).filename();
    CHECK_FALSE(std::filesystem::exists(std::filesystem::path(files) / scenario_folder / "x.toml"));
}

}  // namespace
}  // namespace rehang::e2e
