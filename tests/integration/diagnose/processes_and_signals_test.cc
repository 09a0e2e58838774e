// Waits for processes and for signals, stopped processes, and signals as a way out of any wait.
#include <fmt/format.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "base/files.h"
#include "catch.h"
#include "rest.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

std::atomic<unsigned> word = 2;

void wait_for_word() {
    for (;;) syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, nullptr, nullptr, 0);
}

void catch_signal(int signal) {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(signal, &action, nullptr);
}

void wait_for_child_by(idtype_t type, Rest rest, int options = WEXITED) {
    const pid_t child = fork();
    if (child == 0) {
        keep_only({});
        rest_for_ever(rest);
    }
    if (type == P_PGID) setpgid(child, child);
    constexpr auto pidfd = static_cast<idtype_t>(3);  // P_PIDFD, younger than some headers
    const int fd = type == pidfd ? static_cast<int>(syscall(SYS_pidfd_open, child, 0)) : -1;
    keep_only({fd});
    siginfo_t information;
    waitid(type, type == P_ALL ? 0 : static_cast<id_t>(type == pidfd ? fd : child), &information, options);
}

// The child makes a grandchild with the parent's memory, and ends: nothing in the tree shows that they share
// it.
void share_memory_with_an_orphan() {
    constexpr size_t size = 65536;
    const auto stack = [] {
        void* const memory =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        return static_cast<char*>(memory) + size;
    };
    static std::array<char*, 1> second_stack;
    second_stack[0] = stack();
    // AddressSanitizer doubts all that it knows of a stack that is not the thread's own.
    const auto grandchild = [](void*) __attribute__((no_sanitize("address")))->int {
        rest_for_ever(Rest::goes_on);
    };
    const auto child = [](void* entry) -> int {
        clone(reinterpret_cast<int (*)(void*)>(entry), second_stack[0], CLONE_VM | SIGCHLD, nullptr);
        syscall(SYS_exit, 0);
        return 0;
    };
    clone(child, stack(), CLONE_VM | SIGCHLD, reinterpret_cast<void*>(+grandchild));
    waitpid(-1, nullptr, 0);
    keep_only({});
    wait_for_word();
}

}  // namespace

TEST_CASE("waitid by every type of id: stuck with the child, not proven while it goes on") {
    for (const auto type : {P_ALL, P_PID, P_PGID, static_cast<idtype_t>(3)})
        for (const int options : {WEXITED, WEXITED | WNOWAIT, WEXITED | __WALL}) {
            INFO("type " << type << ", options " << options);
            {
                StuckTree tree([=] { wait_for_child_by(type, Rest::stuck, options); });
                tree.name_child(tree.a(), "a", "a/1");
                CHECK(tree.look_until(Diagnoser::Answer::stuck));
            }
            StuckTree tree([=] { wait_for_child_by(type, Rest::goes_on, options); });
            CHECK(tree.look_until_doubt("a: "));
            CHECK(tree.never_proven(5));
        }
}

TEST_CASE("sigwait: stuck when nobody is left to send one") {
    const auto body = [](Rest rest) {
        behind_a_child(
            rest, [] {},
            [] {
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGUSR1);
                sigprocmask(SIG_BLOCK, &set, nullptr);
                int signal = 0;
                sigwait(&set, &signal);
            });
    };
    {
        StuckTree tree([&] { body(Rest::stuck); });
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        CHECK(find(tree.explain(), "a", "main")->wait.sentence ==
              "waits for the signal SIGUSR1, in rt_sigtimedwait");
    }
    StuckTree tree([&] { body(Rest::goes_on); });
    CHECK(tree.look_until_doubt("may end its wait: it sleeps for some time"));
    CHECK(tree.never_proven(10));
}

TEST_CASE("a handler is a way out of a private futex as long as somebody could send the signal") {
    const auto body = [](Rest rest, bool handler, bool blocked = false) {
        if (handler) catch_signal(SIGUSR1);
        sigset_t set;
        sigfillset(&set);
        if (blocked) sigprocmask(SIG_BLOCK, &set, nullptr);
        behind_a_child(
            rest, [] {}, wait_for_word);
    };
    SECTION("nobody goes on") {
        StuckTree tree([&] { body(Rest::stuck, true); });
        CHECK(tree.look_until(Diagnoser::Answer::stuck));
    }
    SECTION("no handler") {
        StuckTree tree([&] { body(Rest::goes_on, false); });
        CHECK(tree.look_until(Diagnoser::Answer::stuck));
    }
    SECTION("the signal is blocked") {
        StuckTree tree([&] { body(Rest::goes_on, true, true); });
        CHECK(tree.look_until(Diagnoser::Answer::stuck));
    }
    SECTION("a handler, and somebody who goes on") {
        StuckTree tree([&] { body(Rest::goes_on, true); });
        CHECK(tree.look_until_doubt("may end its wait by a signal: it sleeps for some time"));
        CHECK(tree.never_proven(10));
    }
}

TEST_CASE("one child goes on and may kill the other, which its parent waits for") {
    StuckTree tree([] {
        if (fork() == 0) {
            keep_only({});
            rest_for_ever(Rest::goes_on);
        }
        wait_for_child_by(P_PID, Rest::stuck);
    });
    tree.name_child(tree.a(), "a", "a/1");
    CHECK(tree.look_until_doubt("a: a/1 may end its wait by a signal: it sleeps for some time"));
    CHECK(tree.never_proven(10));
}

TEST_CASE("whoever shares the memory may wake a private futex, however far away it was born") {
    StuckTree tree(share_memory_with_an_orphan);
    CHECK(tree.look_until_doubt("may end its wait: it sleeps for some time"));
    CHECK(tree.never_proven(10));
}

TEST_CASE("a stopped process is stuck when nobody is left to continue it") {
    const auto body = [](Rest rest) {
        std::thread([rest] { rest_for_ever(rest); }).detach();
        const pid_t child = fork();
        if (child == 0) {
            keep_only({});
            raise(SIGSTOP);
            _exit(0);
        }
        keep_only({});
        waitpid(child, nullptr, 0);
    };
    {
        StuckTree tree([&] { body(Rest::stuck); });
        tree.name_child(tree.a(), "a", "a/1");
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        const Diagnosis diagnosis = tree.explain();
        CHECK(find(diagnosis, "a/1", "main")->wait.kind == WaitKind::stopped);
    }
    StuckTree tree([&] { body(Rest::goes_on); });
    CHECK(tree.look_until_doubt("a thread 2 may end its wait"));
    CHECK(tree.never_proven(10));
}

TEST_CASE("a tracee that its tracer has stopped is stuck with it") {
    const auto body = [](Rest rest) {
        const pid_t child = fork();
        if (child == 0) {
            keep_only({});
            ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            raise(SIGSTOP);
            rest_for_ever(Rest::stuck);
        }
        waitpid(child, nullptr, 0);
        keep_only({});
        rest_for_ever(rest);
    };
    {
        StuckTree tree([&] { body(Rest::stuck); });
        tree.name_child(tree.a(), "a", "a/1");
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        const Diagnosis diagnosis = tree.explain();
        CHECK(find(diagnosis, "a/1", "main")->stuck);
        CHECK(find(diagnosis, "a/1", "main")->wait.sentence == "is stopped by its tracer, a");
    }
    StuckTree tree([&] { body(Rest::goes_on); });
    tree.name_child(tree.a(), "a", "a/1");
    CHECK(tree.look_until_doubt("a/1: a may end its wait: it sleeps for some time"));
}

TEST_CASE("a tracer that waits for a tracee which can't go on is stuck") {
    StuckTree tree([] {
        const pid_t child = fork();
        if (child == 0) {
            keep_only({});
            ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            raise(SIGSTOP);
            rest_for_ever(Rest::stuck);
        }
        waitpid(child, nullptr, 0);
        keep_only({});
        ptrace(PTRACE_CONT, child, nullptr, nullptr);
        waitpid(child, nullptr, 0);
    });
    CHECK(tree.look_until(Diagnoser::Answer::stuck));
}

TEST_CASE("a vfork parent waits for the child that borrows its memory") {
    const auto body = [](Rest rest) {
        keep_only({});
        // It is the wait of vfork that this is about. NOLINTNEXTLINE
        if (vfork() == 0) rest_for_ever(rest);
    };
    {
        StuckTree tree([&] { body(Rest::stuck); });
        tree.name_child(tree.a(), "a", "a/1");
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        CHECK_THAT(find(tree.explain(), "a", "main")->wait.sentence, Contains("its vfork child a/1"));
    }
    StuckTree tree([&] { body(Rest::goes_on); });
    tree.name_child(tree.a(), "a", "a/1");
    CHECK(tree.look_until_doubt("a: a/1 may end its wait: it sleeps for some time"));
    CHECK(tree.never_proven(10));
}

TEST_CASE("a poll without a time-out that a stop has interrupted waits for what it waited for before") {
    StuckTree tree([] {
        const Pipe pipe;
        keep_only({pipe.read.get(), pipe.write.get()});
        pollfd asked = {.fd = pipe.read.get(), .events = POLLIN, .revents = 0};
        poll(&asked, 1, -1);
    });
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const auto is = [&](const std::string& file, const std::string& text) {
        return read_file_or_empty(fmt::format("/proc/{}/{}", tree.a(), file)).contains(text);
    };
    kill(tree.a(), SIGSTOP);
    while (!is("stat", ") T ")) sched_yield();
    kill(tree.a(), SIGCONT);
    while (!is("syscall", fmt::format("{} ", SYS_restart_syscall))) sched_yield();
    CHECK(tree.look_until(Diagnoser::Answer::stuck));
}
