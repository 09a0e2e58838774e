// rehang diagnose: who belongs to a tree, and trees in other namespaces.
#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/unique_fd.h"
#include "catch.h"
#include "command.h"
#include "normal_form.h"
#include "target.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
        read_end = UniqueFd(ends[0]);
        write_end = UniqueFd(ends[1]);
    }
    UniqueFd read_end, write_end;
};

// Where the test's output goes is a connection, too, to everybody who has it.
void keep_open_only(int fd) {
    dup2(fd, STDIN_FILENO);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, std::numeric_limits<unsigned>::max(), 0);
}

Json only_run(const Finished& result) {
    return Json::parse(result.out)["runs"][0];
}

std::set<std::string> paths(const Json& run) {
    std::set<std::string> all;
    for (const Json& process : run["processes"]) all.insert(process["path"].get<std::string>());
    return all;
}

TEST_CASE("diagnose --tree ancestor begins with the topmost ancestor of the same session") {
    const Pipe told;
    const Target outside([&] {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            setsid();
            pthread_setname_np(pthread_self(), "leader");
            const pid_t child = fork();
            if (child == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                const pid_t me = getpid();
                if (write(told.write_end.get(), &me, sizeof me) == sizeof me) lock_twice();
            }
            waitpid(child, nullptr, 0);
        }
        for (;;) pause();
    });
    pid_t named = 0;
    REQUIRE(read(told.read_end.get(), &named, sizeof named) == sizeof named);
    const std::string pid = std::to_string(named);

    const Json alone = only_run(diagnose_until(1, {"diagnose", pid, "--json", "-"}));
    CHECK(paths(alone) == std::set<std::string>{"leader"});
    const Json whole = only_run(diagnose_until(1, {"diagnose", pid, "--tree", "ancestor", "--json", "-"}));
    CHECK(whole["outcome"] == "hung");
    CHECK(paths(whole) == std::set<std::string>{"leader", "leader/1"});
}

TEST_CASE("diagnose --tree related takes those in who have a pipe in common") {
    Pipe common;
    const Target reader([&] {
        pthread_setname_np(pthread_self(), "reader");
        keep_open_only(common.read_end.get());
        char byte = 0;
        if (read(STDIN_FILENO, &byte, 1) >= 0) _exit(1);
    });
    const Target writer([&] {
        pthread_setname_np(pthread_self(), "writer");
        keep_open_only(common.write_end.get());
        lock_twice();
    });
    common = Pipe();  // theirs alone now

    // A process's descriptors are as they will be once it waits.
    Json alone, both;
    for (int i = 0; i < 200; ++i) {
        alone = only_run(rehang({"diagnose", reader.pid(), "--json", "-"}));
        both = only_run(rehang({"diagnose", reader.pid(), "--tree", "related", "--json", "-"}));
        if (paths(alone) == std::set<std::string>{"reader"} && paths(both).size() == 2) break;
    }
    CHECK(paths(alone) == std::set<std::string>{"reader"});
    CHECK(paths(both) == std::set<std::string>{"reader", "writer"});
    // Others that may have the pipe open can be ruled out only by who may look into all processes.
    if (geteuid() == 0) {
        const Finished proven = diagnose_until(1, {"diagnose", reader.pid(), "--tree", "related"});
        CHECK(proven.status == 1);
        CHECK_THAT(unwrapped(proven.out), Contains("All 2 threads can never go on"));
    }
}

TEST_CASE(
    "diagnose: a tree in other pid and mount namespaces is understood as the same tree outside of them") {
    const Pipe told;
    const Target target([&] {
        const bool there = unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) == 0;
        if (write(told.write_end.get(), there ? "y" : "n", 1) != 1 || !there) _exit(1);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            mount("none", "/tmp", "tmpfs", 0, nullptr);
            fork_while_another_thread_holds_a_mutex();
        }
        for (;;) pause();
    });
    char there = 0;
    REQUIRE(read(told.read_end.get(), &there, 1) == 1);
    if (there != 'y') {
        if (std::getenv("REHANG_MUST_RUN")) FAIL("no user namespaces here");
        WARN("skipped: no user namespaces here");
        return;
    }
    const Finished result = diagnose_until(1, {"diagnose", target.pid()});
    REQUIRE(result.status == 1);
    const std::string text = without_numbers(result.out);
    CHECK_THAT(text, Contains("✗ target (pid N) partly stuck: inherited-lock, proven ("));
    CHECK_THAT(unwrapped(text),
               Contains("names tid N as its owner, which is no thread of target/1/1: it is thread "
                        "2 of its parent target/1."));
    const Json run = only_run(diagnose_until(1, {"diagnose", target.pid(), "--json", "-"}));
    REQUIRE(paths(run) == std::set<std::string>{"target", "target/1", "target/1/1"});
    for (const Json& process : run["processes"])
        if (process["path"] == "target/1") CHECK(process["pid"] == 1);
}

}  // namespace
}  // namespace rehang::e2e
