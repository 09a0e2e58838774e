// rehang diagnose: trees that were running before anybody asked.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/unique_fd.h"
#include "catch.h"
#include "command.h"
#include "normal_form.h"
#include "target.h"

namespace rehang::e2e {
namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

constexpr auto why = R"(
Why
 1 of 3 threads can never go on; the others may, without any help for these.
 target/1 can never go on: it waits for the lock at e2e!)";

constexpr auto twice =
    "Processes target pid N, running main waits for the mutex at e2e!rehang::e2e::(anonymous "
    "namespace)::mutex (0x";
constexpr auto why_twice =
    "Why Its only thread can never go on. target holds the mutex at e2e!rehang::e2e::(anonymous "
    "namespace)::mutex (0x";

}  // namespace

TEST_CASE("diagnose: a mutex that a fork took over is found in a tree that nobody started for the purpose") {
    const Target target(fork_while_another_thread_holds_a_mutex);
    const Finished result = diagnose_until(1, {"diagnose", target.pid()});
    REQUIRE(result.status == 1);
    const std::string text = without_numbers(result.out);
    CHECK_THAT(text, Contains("✗ target (pid N) partly stuck: inherited-lock, proven ("));
    CHECK_THAT(text,
               Contains(" target pid N, running\n main waits for a signal, in pause (may go on: a signal may "
                        "come from anybody"));
    CHECK_THAT(text, Contains(why));
    CHECK_THAT(unwrapped(text),
               Contains("The mutex names tid N as its owner, which is no thread of target/1: it is "
                        "thread 2 of its parent target. fork copies the memory, so the locked mutex "
                        "too, but only the thread that calls it under a new tid: nobody in target/1 "
                        "will ever release the mutex."));
    CHECK_THAT(text, Contains("pthread_mutex_lock\n"));
}

TEST_CASE(
    "diagnose: of a process that waits for itself it is told for what, why nobody helps it, and where it "
    "stands") {
    const Target target(lock_twice);
    const Finished result = diagnose_until(1, {"diagnose", target.pid()});
    REQUIRE(result.status == 1);
    CHECK(result.err.empty());
    const std::string text = without_numbers(result.out);
    CHECK_THAT(text, Catch::Matchers::StartsWith("✗ target (pid N) stuck: lock-cycle, proven ("));
    CHECK_THAT(unwrapped(text), Contains(twice));
    CHECK_THAT(unwrapped(text), Contains(why_twice));
    CHECK_THAT(unwrapped(text), Contains(" and waits for it itself, in ") &&
                                    Contains("pthread_mutex_lock ← ") &&
                                    Contains("Nobody else could release it, and it can't while it waits."));
    // What an optimising compiler leaves of the program's own functions is not said here.
    CHECK_THAT(text, Contains("\nStacks\n target main\n #0 libc.so.6") && Contains("!pthread_mutex_lock\n") &&
                         Contains("rehang::e2e::"));
}

TEST_CASE("diagnose: the report for programs has one RUN of the role diagnosis") {
    const Target target(lock_twice);
    const Finished result = diagnose_until(1, {"diagnose", target.pid(), "--json", "-"});
    REQUIRE(result.status == 1);
    const Json report = Json::parse(result.out);
    CHECK(report["format"] == 1);
    REQUIRE(report["runs"].size() == 1);
    const Json& run = report["runs"][0];
    CHECK(run["role"] == "diagnosis");
    CHECK(run["outcome"] == "hung");
    CHECK(run["proven"] == true);
    REQUIRE(run["processes"].size() == 1);
    CHECK(run["processes"][0]["path"] == "target");
    CHECK(std::to_string(run["processes"][0]["host_pid"].get<int>()) == target.pid());
    CHECK(run["processes"][0]["threads"][0]["stuck"] == true);
    CHECK(run["processes"][0]["threads"][0]["waits_for"]["kind"] == "futex");
}

TEST_CASE("diagnose --watch ends as soon as the tree is stuck") {
    std::array<int, 2> go{};
    REQUIRE(pipe2(go.data(), O_CLOEXEC) == 0);
    const UniqueFd read_end(go[0]), write_end(go[1]);
    const Target target([&] {
        char byte = 0;
        if (read(read_end.get(), &byte, 1) == 1) lock_twice();
    });
    Running watching({"diagnose", target.pid(), "--watch", "--quiet"});
    REQUIRE(write(write_end.get(), "x", 1) == 1);
    CHECK_THAT(watching.read_line(), Contains("stuck: "));
    CHECK(watching.wait().status == 1);
}

TEST_CASE("diagnose: a process that works is not stuck, and is named as one that ran") {
    const Target target([] {
        for (;;) usleep(500);
    });
    const Finished result = rehang({"diagnose", target.pid()});
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("not stuck"));
    CHECK_THAT(result.out, Contains("1 of 1 threads ran between two looks, "));
}

TEST_CASE("diagnose: a process that waits for a signal is not stuck") {
    const Target target([] {
        for (;;) pause();
    });
    const Finished result = rehang({"diagnose", target.pid()});
    CHECK(result.status == 0);
}

TEST_CASE("diagnose: of a zombie it is said who has not waited for it") {
    const Target target([] {});
    siginfo_t ended{};
    REQUIRE(waitid(P_PID, static_cast<id_t>(std::stoi(target.pid())), &ended, WEXITED | WNOWAIT) == 0);
    const Finished result = rehang({"diagnose", target.pid()});
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("not stuck: it has ended"));
    CHECK_THAT(unwrapped(result.out),
               Contains("stays a zombie: e2e (pid " + std::to_string(getpid()) + ") has not waited for it."));
}

TEST_CASE("diagnose: a pid that nobody has is a mistake of the user") {
    const Finished result = rehang({"diagnose", "4194303"});
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Contains("no process has pid 4194303"));
    CHECK(rehang({"diagnose", "nobody"}).status == 2);
    CHECK(rehang({"diagnose"}).status == 2);
    CHECK(rehang({"diagnose", "1", "--tree", "upwards"}).status == 2);
}

TEST_CASE("diagnose: a kernel thread runs no program") {
    if (read_file_or_empty("/proc/2/comm") != "kthreadd\n") {
        WARN("skipped: no kernel threads to be seen here");
        return;
    }
    const Finished result = rehang({"diagnose", "2"});
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Contains("kthreadd (pid 2) is a kernel thread"));
}

TEST_CASE("diagnose: who may not look is told which permission is missing, and what would help") {
    if (geteuid() == 0) {
        WARN("skipped: root may look into everybody");
        return;
    }
    struct stat first {};
    if (stat("/proc/1", &first) != 0 || first.st_uid == geteuid()) {
        WARN("skipped: the first process here is this user's own");
        return;
    }
    const Finished result = rehang({"diagnose", "1"});
    CHECK(result.status == 125);
    CHECK_THAT(result.err, Contains("CAP_SYS_PTRACE"));
    CHECK_THAT(result.err, Contains("sudo rehang diagnose 1"));
}

}  // namespace rehang::e2e
