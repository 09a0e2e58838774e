// From the launch byte to the program, and what goes wrong on the way.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "catch.h"
#include "running.h"

using namespace rehang;
using namespace rehang::test;

namespace {

// Answers uname(2) with an error.
TargetFilter forbid_uname() {
    const std::array<sock_filter, 4> code{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENXIO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    TargetFilter filter;
    filter.program.resize(sizeof code);
    std::memcpy(filter.program.data(), code.data(), sizeof code);
    return filter;
}

}  // namespace

TEST_CASE("a program that does not exist gives its errno") {
    for (const char* name : {"/no/such/program", "no-such-program"}) {
        Plan plan = shell_plan({""});
        plan.processes[0].argv = {name};
        auto sandbox = try_create(plan);
        if (!sandbox) return;
        launch(sandbox->processes()[0]);
        CHECK(exec_error(sandbox->processes()[0]) == ENOENT);
    }
}

TEST_CASE("a file that can't be executed gives its errno") {
    Plan plan = shell_plan({""});
    plan.processes[0].argv = {"/etc/passwd"};
    auto sandbox = try_create(plan);
    if (!sandbox) return;
    launch(sandbox->processes()[0]);
    CHECK(exec_error(sandbox->processes()[0]) == EACCES);
}

TEST_CASE("a folder to start in that does not exist is an error of create, with the process's name") {
    if (!try_create(shell_plan({"true"}))) return;
    Plan plan = shell_plan({"true", "true"});
    plan.processes[1].cwd = "/no/such/folder";
    const auto sandbox = Sandbox::create(plan, {});
    REQUIRE_FALSE(sandbox.has_value());
    CHECK(sandbox.error().kind == Error::Kind::failed);
    CHECK(sandbox.error().what ==
          "can't make a sandbox: process p1: can't change to the folder /no/such/folder: No such file or "
          "directory");
}

TEST_CASE("closing the launch pipe without a byte ends the launcher, and nothing is executed") {
    auto sandbox = try_create(shell_plan({"echo started"}));
    if (!sandbox) return;
    LaunchedProcess& process = sandbox->processes()[0];
    process.launch.reset();
    CHECK(read_all(process.stdout_read).empty());
    CHECK(exec_error(process) == 0);
}

TEST_CASE("nothing is executed before the launch byte, and the launcher can be seized until then") {
    auto sandbox = try_create(shell_plan({"exit 42"}));
    if (!sandbox) return;
    LaunchedProcess& process = sandbox->processes()[0];
    REQUIRE(::ptrace(PTRACE_SEIZE, process.pid, nullptr, PTRACE_O_TRACEEXEC) == 0);
    CHECK_FALSE(is_readable(process.exec_error.get(), 0));
    launch(process);
    int status = 0;
    REQUIRE(::waitpid(process.pid, &status, __WALL) == process.pid);
    CHECK(status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8));
    CHECK(exec_error(process) == 0);
    REQUIRE(::ptrace(PTRACE_CONT, process.pid, nullptr, nullptr) == 0);
    REQUIRE(::waitpid(process.pid, &status, __WALL) == process.pid);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("the filter is in force from the program's first system call on") {
    auto sandbox = try_create(shell_plan({"exec uname"}), {forbid_uname()});
    if (!sandbox) return;
    LaunchedProcess& process = sandbox->processes()[0];
    launch(process);
    CHECK(exec_error(process) == 0);
    CHECK(read_all(process.stderr_read).find("No such device or address") != std::string::npos);
}

TEST_CASE("a filter that the kernel refuses is an errno, and nothing is executed") {
    const TargetFilter broken{.program = std::vector<unsigned char>(sizeof(sock_filter), 0xff)};
    auto sandbox = try_create(shell_plan({"echo started"}), {broken});
    if (!sandbox) return;
    LaunchedProcess& process = sandbox->processes()[0];
    launch(process);
    CHECK(exec_error(process) == EINVAL);
    CHECK(read_all(process.stdout_read).empty());
}
