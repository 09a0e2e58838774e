// Nothing remains of a sandbox: not when it is ended, not when its owner is killed.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/files.h"
#include "catch.h"
#include "running.h"
#include "sandbox/descriptors.h"
#include "sandbox/handshake.h"

using namespace rehang;
using namespace rehang::test;

namespace {

UniqueFd pidfd_of(pid_t pid) {
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

// Two processes that never end by themselves, one of them in the background of the target, deaf to polite
// signals.
const char* const stubborn = "trap '' TERM HUP INT; (sleep 1000; :) & echo $!; sleep 1000; :";

}  // namespace

TEST_CASE("kill ends init and everything in it; the pipes say so") {
    auto sandbox = try_create(shell_plan({stubborn}));
    if (!sandbox) return;
    LaunchedProcess& process = sandbox->processes()[0];
    const UniqueFd target = pidfd_of(process.pid);
    launch(process);
    REQUIRE(is_readable(process.stdout_read.get()));  // the background process is there
    CHECK_FALSE(is_readable(target.get(), 0));
    sandbox->kill();
    CHECK(is_readable(target.get()));
    CHECK(is_readable(sandbox->init_pidfd().get()));
    read_all(process.stdout_read);  // ends only when all writers are gone
}

TEST_CASE("init does not start for a runner that is gone already, not even if it was told to") {
    auto handshake = make_handshake();
    REQUIRE(handshake);
    REQUIRE(send_go(handshake->runner));
    handshake->runner.reset();
    CHECK_FALSE(await_go(handshake->sandbox.get()));

    auto alive = make_handshake();
    REQUIRE(alive);
    REQUIRE(send_go(alive->runner));
    CHECK(await_go(alive->sandbox.get()));
}

TEST_CASE("the destructor leaves no zombie and no descriptor") {
    const auto count_descriptors = [] {
        int count = 0;
        for (int fd = 0; fd < 256; ++fd) count += ::fcntl(fd, F_GETFD) >= 0;
        return count;
    };
    const int before = count_descriptors();
    {
        auto sandbox = try_create(shell_plan({stubborn, stubborn}));
        if (!sandbox) return;
        launch(sandbox->processes()[0]);
    }
    CHECK(count_descriptors() == before);
    CHECK(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("a failed create leaves nothing either") {
    if (!try_create(shell_plan({"true"}))) return;
    Plan plan = shell_plan({stubborn});
    plan.processes[0].cwd = "/no/such/folder";
    REQUIRE_FALSE(Sandbox::create(plan, {}).has_value());
    CHECK(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("init outlives signals and the end of all targets") {
    auto sandbox = try_create(shell_plan({"true"}));
    if (!sandbox) return;
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1})
        REQUIRE(::kill(sandbox->init(), signal) == 0);
    LaunchedProcess& process = sandbox->processes()[0];
    const UniqueFd target = pidfd_of(process.pid);
    launch(process);
    REQUIRE(is_readable(target.get()));
    CHECK_FALSE(is_readable(sandbox->init_pidfd().get(), 0));
}

TEST_CASE("a sandbox ends with its owner, even one that is killed by SIGKILL") {
    if (!try_create(shell_plan({"true"}))) return;
    const std::string mounts = read_file_or_empty("/proc/self/mountinfo");
    auto news = make_pipe();
    REQUIRE(news.has_value());
    const pid_t owner = ::fork();
    REQUIRE(owner >= 0);
    if (owner == 0) {
        auto sandbox = Sandbox::create(shell_plan({stubborn, stubborn}), {});
        if (!sandbox) ::_exit(1);
        const std::array<pid_t, 3> pids{sandbox->init(), sandbox->processes()[0].pid,
                                        sandbox->processes()[1].pid};
        if (::write(sandbox->processes()[0].launch.get(), "x", 1) != 1) ::_exit(1);
        if (!is_readable(sandbox->processes()[0].stdout_read.get())) ::_exit(1);
        if (::write(news->write.get(), pids.data(), sizeof pids) != ssize_t{sizeof pids}) ::_exit(1);
        for (;;) ::pause();
    }
    std::array<pid_t, 3> pids{};
    REQUIRE(::read(news->read.get(), pids.data(), sizeof pids) == ssize_t{sizeof pids});
    std::array<UniqueFd, 3> processes;
    for (size_t i = 0; i < pids.size(); ++i) {
        processes[i] = pidfd_of(pids[i]);
        REQUIRE(processes[i]);
    }
    REQUIRE(::kill(owner, SIGKILL) == 0);
    REQUIRE(::waitpid(owner, nullptr, 0) == owner);
    for (const UniqueFd& process : processes) CHECK(is_readable(process.get()));
    CHECK(read_file_or_empty("/proc/self/mountinfo") == mounts);
}

TEST_CASE("sandboxes side by side don't keep each other's pipes open") {
    auto first = try_create(shell_plan({"true"}));
    if (!first) return;
    auto second = try_create(shell_plan({stubborn}));
    REQUIRE(second);
    launch(second->processes()[0]);
    launch(first->processes()[0]);
    CHECK(read_all(first->processes()[0].stdout_read).empty());
    CHECK(read_all(first->processes()[0].stderr_read).empty());
}
