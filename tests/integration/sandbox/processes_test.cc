// What a target is when it starts: pids, host name, network, descriptors, privileges, environment, limits.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "base/files.h"
#include "catch.h"
#include "running.h"

using namespace rehang;
using namespace rehang::test;

namespace {

// The line of /proc/self/status that starts with the key, without it; as the target's own `cat` sees it.
std::string status_line(const std::string& output, const std::string& key) {
    const size_t at = output.find(key + ":\t");
    REQUIRE(at != std::string::npos);
    const size_t from = at + key.size() + 2;
    return output.substr(from, output.find('\n', from) - from);
}

}  // namespace

TEST_CASE("processes get the pids 2, 3, 4 in the order of the plan, whoever is launched first") {
    auto sandbox = try_create(shell_plan({"echo $$", "echo $$", "echo $$"}));
    if (!sandbox) return;
    auto& processes = sandbox->processes();
    REQUIRE(processes.size() == 3);
    for (const size_t index : {2U, 0U, 1U}) {
        launch(processes[index]);
        CHECK(read_all(processes[index].stdout_read) == fmt::format("{}\n", index + 2));
    }
}

TEST_CASE("the runner knows each launcher by its own pid, with its namespace pid in NSpid") {
    auto sandbox = try_create(shell_plan({"true", "true"}));
    if (!sandbox) return;
    for (size_t i = 0; i < 2; ++i) {
        const std::string status =
            read_file_or_empty(fmt::format("/proc/{}/status", sandbox->processes()[i].pid));
        const std::string pids = status_line(status, "NSpid");
        CHECK(pids.ends_with(fmt::format("\t{}", i + 2)));
    }
    CHECK(read_file_or_empty(fmt::format("/proc/{}/comm", sandbox->init())) == "rehang-init\n");
}

TEST_CASE("pids are the same in the next sandbox") {
    const std::string script = "(echo $(sh -c 'echo $PPID')) ; sh -c 'echo $$'; echo $$";
    const auto first = output_of(script);
    if (!first) return;
    CHECK(*first == output_of(script));
}

TEST_CASE("the host is called rehang, and its network is a loopback device that is up") {
    const auto output =
        output_of("uname -n; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; cat /proc/net/fib_trie");
    if (!output) return;
    CHECK(output->starts_with("rehang\nlo\n"));
    CHECK(output->find("|-- 127.0.0.1") != std::string::npos);
}

TEST_CASE("a target has no descriptors but 0, 1 and 2, even if the runner leaks some") {
    const int leaked = ::dup(STDIN_FILENO);  // not close-on-exec
    // Only what the shell does by itself: a program or a glob would open descriptors of its own.
    const auto output =
        output_of("n=0; while [ $n -lt 64 ]; do [ -L /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done");
    ::close(leaked);
    if (!output) return;
    CHECK(*output == "0\n1\n2\n");
}

TEST_CASE("a target's standard input is empty") {
    const auto output = output_of("readlink /proc/self/fd/0; cat");
    if (!output) return;
    CHECK(*output == "/dev/null\n");
}

TEST_CASE("init holds no descriptors, so that it keeps nobody's pipe open") {
    auto sandbox = try_create(shell_plan({"true"}));
    if (!sandbox) return;
    launch(sandbox->processes()[0]);
    CHECK(read_all(sandbox->processes()[0].stdout_read).empty());
    CHECK(read_all(sandbox->processes()[0].stderr_read).empty());
    CHECK_FALSE(is_readable(sandbox->init_pidfd().get(), 0));  // it outlives its targets
}

TEST_CASE("a target has no capabilities and gets none back by executing something as uid 0") {
    const auto output = output_of("id -u; exec cat /proc/self/status");
    if (!output) return;
    CHECK(output->starts_with("0\n"));
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
        CHECK(status_line(*output, set) == "0000000000000000");
    CHECK(status_line(*output, "NoNewPrivs") == "1");
}

TEST_CASE("a target has the default signal dispositions and an empty mask, whatever the runner has") {
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, &before);
    const auto old_handler = ::signal(SIGPIPE, SIG_IGN);
    const auto output = output_of("exec cat /proc/self/status");
    ::signal(SIGPIPE, old_handler);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (!output) return;
    CHECK(status_line(*output, "SigBlk") == "0000000000000000");
    CHECK(status_line(*output, "SigIgn") == "0000000000000000");
    CHECK(status_line(*output, "SigCgt") == "0000000000000000");
}

TEST_CASE("the environment is exactly the fixed one, the plan's, and the preloads") {
    ::setenv("REHANG_TEST_LEAK", "leaked", 1);
    Plan plan = shell_plan({});
    plan.processes.push_back({.name = "p",
                              .argv = {"env"},
                              .preload = {"libc.so.6", "libm.so.6"},
                              .env = {{"ANSWER", "42"}, {"TERM", "vt100"}},
                              .cwd = "/"});
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output ==
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
          "HOME=/tmp\nLANG=C.UTF-8\nTERM=vt100\nANSWER=42\nLD_PRELOAD=libc.so.6:libm.so.6\n");
}

TEST_CASE("a target is in its own session, in its folder, with the fixed umask, limits and addresses") {
    Plan plan =
        shell_plan({"cut -d' ' -f1,6,7 /proc/$$/stat; pwd; umask; ulimit -c; ulimit -n; ulimit -v; cat "
                    "/proc/self/personality; "
                    "cat /proc/self/oom_score_adj"});
    plan.processes[0].cwd = "/usr";
    plan.sandbox.memory = 512ULL << 20;
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output == "2 2 0\n/usr\n0022\n0\n1024\n524288\n00040000\n1000\n");
}

TEST_CASE(
    "the kernel stops an ordinary user's processes at twice their limit, should the runner not see them") {
    if (::geteuid() == 0) {
        WARN("did not run: the kernel has no such limit for root; run the tests as an ordinary user too");
        return;
    }
    Plan plan = shell_plan({"for i in 1 2 3 4 5 6 7 8; do sleep 1000 >/dev/null 2>&1 & done"});
    plan.sandbox.pids = 3;
    auto sandbox = try_create(plan);
    if (!sandbox) return;
    launch(sandbox->processes()[0]);
    CHECK(read_all(sandbox->processes()[0].stderr_read).find("Cannot fork") != std::string::npos);
}
