#include <fcntl.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.h"
#include "catch.h"
#include "stuck_tree.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

void read_number(const UniqueFd& from) {
    std::uint64_t number = 0;
    while (read(from.get(), &number, sizeof number) < 0) {
    }
}

void wait_by_poll(const UniqueFd& at) {
    pollfd asked = {.fd = at.get(), .events = POLLIN, .revents = 0};
    while (poll(&asked, 1, -1) < 0) {
    }
}

class Ring {
  public:
    Ring() : ring_(static_cast<int>(syscall(SYS_io_uring_setup, 4, &parameters_))) {}
    explicit operator bool() const { return ring_.get() >= 0; }
    int get() const { return ring_.get(); }

    // One request, which is complete at once.
    void submit_nothing_to_do() {
        auto* const ring = static_cast<char*>(map(IORING_OFF_SQ_RING, parameters_.sq_off.array + 16));
        auto* const requests = static_cast<io_uring_sqe*>(map(IORING_OFF_SQES, sizeof(io_uring_sqe)));
        requests[0].opcode = IORING_OP_NOP;
        *reinterpret_cast<unsigned*>(ring + parameters_.sq_off.array) = 0;
        *reinterpret_cast<unsigned*>(ring + parameters_.sq_off.tail) = 1;
        syscall(SYS_io_uring_enter, ring_.get(), 1, 0, 0, nullptr, 0);
    }

  private:
    void* map(off_t what, size_t size) {
        return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring_.get(), what);
    }

    io_uring_params parameters_{};
    UniqueFd ring_;
};

[[noreturn]] void pause_for_ever() {
    for (;;) pause();
}

}  // namespace

TEST_CASE("readers of one eventfd, in two processes, are proven stuck") {
    StuckTree tree([] {
        const UniqueFd event(eventfd(0, EFD_CLOEXEC));
        const bool child = fork() == 0;
        keep_only({event.get()});
        read_number(event);
        _exit(child ? 0 : 1);
    });
    tree.name_child(tree.a(), "a", "a/1");
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    CHECK(find(diagnosis, "a", "main")->wait.kind == WaitKind::eventfd);
    CHECK_THAT(find(diagnosis, "a", "main")->wait.sentence,
               Contains("which a (fd") && Contains("a/1 (fd") && Contains("hold open"));
}

TEST_CASE("a ring to which nothing was submitted ends no wait; one that was used may") {
    const bool used = GENERATE(false, true);
    if (!Ring()) {
        WARN("skipped: this host allows no io_uring");
        return;
    }
    StuckTree tree([used] {
        Ring ring;
        if (used) ring.submit_nothing_to_do();
        const Pipe pipe;
        keep_only({ring.get(), pipe.read.get(), pipe.write.get()});
        wait_for(pipe.read);
    });
    if (used)
        CHECK((tree.look_until_doubt("a uses io_uring") && tree.never_proven()));
    else
        CHECK(tree.look_until(Diagnoser::Answer::stuck));
}

TEST_CASE("an eventfd that the test holds as well ends the wait when the test wants") {
    const UniqueFd event(eventfd(0, EFD_CLOEXEC));
    StuckTree tree([&] {
        keep_only({event.get()});
        wait_by_poll(event);
        pause_for_ever();
    });
    CHECK(tree.look_until_doubt("is held outside of the processes"));
    CHECK(tree.never_proven());
    eventfd_write(event.get(), 1);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(find(tree.explain(), "a", "main")->wait.kind == WaitKind::signal);
}

TEST_CASE("a timer that runs is waited for; one that nobody arms is for ever") {
    const bool armed = GENERATE(true, false);
    StuckTree tree([armed] {
        const UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
        const itimerspec hour = {.it_interval = {}, .it_value = {.tv_sec = armed ? 3600 : 0, .tv_nsec = 0}};
        timerfd_settime(timer.get(), 0, &hour, nullptr);
        read_number(timer);
    });
    if (armed) {
        CHECK(tree.look_until_doubt("a timer that is running"));
        CHECK(tree.never_proven());
    } else {
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        CHECK(find(tree.explain(), "a", "main")->wait.kind == WaitKind::timer);
    }
}

TEST_CASE("a signalfd is read like a signal is waited for") {
    StuckTree tree([] {
        sigset_t signals{};
        sigemptyset(&signals), sigaddset(&signals, SIGUSR1);
        sigprocmask(SIG_BLOCK, &signals, nullptr);
        const UniqueFd socket(signalfd(-1, &signals, SFD_CLOEXEC));
        signalfd_siginfo received{};
        while (read(socket.get(), &received, sizeof received) < 0) {
        }
    });
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(find(tree.explain(), "a", "main")->wait.kind == WaitKind::signal);
}

TEST_CASE("poll on a pidfd waits for that process") {
    Pipe go;
    StuckTree tree([&] {
        const pid_t child = fork();
        if (child == 0) {
            keep_only({go.read.get()});
            wait_for(go.read);
            _exit(0);
        }
        const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
        keep_only({process.get()});
        wait_by_poll(process);
        pause_for_ever();
    });
    tree.name_child(tree.a(), "a", "a/1");
    CHECK(tree.look_until_doubt("held outside"));  // the pipe of a/1
    CHECK(tree.never_proven());
    CHECK_THAT(find(tree.explain(), "a", "main")->wait.sentence, Contains("until a/1 ends"));
    tell(go.write);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(find(tree.explain(), "a", "main")->wait.kind == WaitKind::signal);
}

TEST_CASE("inotify is not proven: anybody may touch the files") {
    StuckTree tree([] {
        const UniqueFd watching(inotify_init1(IN_CLOEXEC));
        inotify_add_watch(watching.get(), "/", IN_MODIFY);
        wait_by_poll(watching);
    });
    CHECK(tree.look_until_doubt("anybody may touch the files"));
    CHECK(tree.never_proven());
}

TEST_CASE("opening a FIFO that nobody opens on its other side is proven stuck") {
    const std::string name = "/tmp/rehang-fifo-" + std::to_string(getpid());
    const std::string relative = name.substr(5);
    REQUIRE(mkfifo(name.c_str(), 0600) == 0);
    const bool reads = GENERATE(true, false);
    StuckTree tree([&] {
        if (chdir("/tmp") != 0) abort();
        open(reads ? name.c_str() : relative.c_str(), (reads ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
        pause_for_ever();
    });
    const bool stuck = tree.look_until(Diagnoser::Answer::stuck).has_value();
    CHECK(find(tree.explain(), "a", "main")->wait.kind == WaitKind::fifo_open);
    const UniqueFd other(open(name.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    unlink(name.c_str());
    REQUIRE(stuck);
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK(find(tree.explain(), "a", "main")->wait.kind == WaitKind::signal);
}

TEST_CASE("a receiver of a POSIX message queue is proven stuck, unless it has a time-out") {
    const bool timed = GENERATE(false, true);
    StuckTree tree([timed] {
        const std::string name = "/rehang-" + std::to_string(getpid());
        const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT, 0600, nullptr);
        if (queue < 0) abort();
        mq_unlink(name.c_str());
        std::string message(size_t{1} << 16, '\0');
        const timespec late = {.tv_sec = 4'000'000'000, .tv_nsec = 0};
        if (timed)
            mq_timedreceive(queue, message.data(), message.size(), nullptr, &late);
        else
            mq_receive(queue, message.data(), message.size(), nullptr);
    });
    if (timed) {
        CHECK(tree.look_until_doubt("with a time-out"));
        CHECK(tree.never_proven());
    } else {
        REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
        CHECK(find(tree.explain(), "a", "main")->wait.kind == WaitKind::message_queue);
    }
}

TEST_CASE("splice from an empty pipe is proven stuck") {
    StuckTree tree([] {
        const Pipe from, to;
        splice(from.read.get(), nullptr, to.write.get(), nullptr, 1, 0);
    });
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    CHECK_THAT(find(tree.explain(), "a", "main")->wait.sentence, Contains("reads from pipe:["));
}

TEST_CASE("an epoll descriptor watches a file, not a number") {
    StuckTree tree([] {
        const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
        const UniqueFd watched(eventfd(0, EFD_CLOEXEC)), copy(dup(watched.get()));
        epoll_event event = {.events = EPOLLIN, .data = {}};
        epoll_ctl(epoll.get(), EPOLL_CTL_ADD, watched.get(), &event);
        dup2(eventfd(0, EFD_CLOEXEC), watched.get());  // the same number and kind, another one
        epoll_wait(epoll.get(), &event, 1, -1);
    });
    CHECK(tree.look_until_doubt("it watches a file by epoll that was its fd"));
    CHECK(tree.never_proven());
}
