#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "catch.h"
#include "stuck_tree.h"

using namespace rehang;

namespace {

constexpr timespec one_hour = {.tv_sec = 3600, .tv_nsec = 0};

void read_own_pipe() {
    Pipe pipe;
    keep_only({pipe.read.get(), pipe.write.get()});
    wait_for(pipe.read);
}

}  // namespace

TEST_CASE("a sleeping process is not stuck") {
    StuckTree tree([] { nanosleep(&one_hour, nullptr); });
    CHECK(tree.look_until_doubt("a: sleeps for some time, in clock_nanosleep"));
    CHECK(tree.never_proven());
}

TEST_CASE("a futex wait with a time-out is not a hang") {
    StuckTree tree([] {
        static std::atomic<int> word = 2;
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, &one_hour, nullptr, 0);
    });
    CHECK(tree.look_until_doubt("with a time-out"));
    CHECK(tree.never_proven());
    const Diagnosis diagnosis = tree.explain();
    CHECK_FALSE(diagnosis.stuck);
    CHECK(find(diagnosis, "a", "main")->wait.word == 2);
}

TEST_CASE("a process with a timer that sends a signal is not proven stuck") {
    StuckTree tree([] {
        timer_t timer{};
        timer_create(CLOCK_MONOTONIC, nullptr, &timer);
        read_own_pipe();
    });
    CHECK(tree.look_until_doubt("a timer of a may send it a signal"));
    CHECK(tree.never_proven());
}

TEST_CASE("the caller's word that a process has armed an alarm is taken") {
    StuckTree tree(read_own_pipe);
    tree.scope().processes.front().alarm = true;
    CHECK(tree.look_until_doubt("a timer of a may send it a signal"));
    CHECK(tree.never_proven());
}

TEST_CASE("a read from something that is not understood is not proven stuck") {
    StuckTree tree([] {
        char byte = 0;
        const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (read(terminal, &byte, 1) < 0) abort();
    });
    CHECK(tree.look_until_doubt("ptmx"));
    CHECK(tree.never_proven());
}

TEST_CASE("a write end that is on its way through a socket may come out") {
    StuckTree tree([] {
        Pipe pipe;
        std::array<int, 2> sockets{};
        socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data());
        char byte = 'x';
        iovec data = {.iov_base = &byte, .iov_len = 1};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
        msghdr message = {};
        message.msg_iov = &data, message.msg_iovlen = 1;
        message.msg_control = control.data(), message.msg_controllen = control.size();
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS,
        header->cmsg_len = CMSG_LEN(sizeof(int));
        const int fd = pipe.write.get();
        std::copy_n(reinterpret_cast<const char*>(&fd), sizeof fd,
                    reinterpret_cast<char*>(CMSG_DATA(header)));
        sendmsg(sockets[0], &message, 0);
        wait_for(pipe.read);
    });
    CHECK(tree.look_until_doubt("on their way through socket:["));
    CHECK(tree.never_proven());
}

TEST_CASE("a process with a busy thread is not stuck") {
    StuckTree tree([] {
        std::thread([] {
            for (std::atomic<int> turns = 0;; ++turns) {
            }
        }).detach();
        read_own_pipe();
    });
    CHECK(tree.look_until_doubt("a thread 2: runs"));
    CHECK(tree.never_proven());
}

TEST_CASE("a thread that the runner holds is not a hang, but the order is stuck when only it is left") {
    StuckTree tree(read_own_pipe);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    KnownThread held = {.tid = tree.a(), .nth = 1, .held_at = "somewhere", .waits_in = {}, .spin = {}};
    tree.scope().processes.front().threads = {held};
    CHECK(tree.look_until(Diagnoser::Answer::order_stuck));
    CHECK_FALSE(tree.explain().stuck);
    tree.scope().processes.front().threads.front().paused = true;
    CHECK(tree.never_proven());
}

TEST_CASE("no main process is left: there is nothing to be proven") {
    StuckTree tree(read_own_pipe);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    tree.scope().main_processes = {"b"};
    CHECK(tree.never_proven());
}
