// The kernel's questions, with nobody traced.
#include "supervise/notifications.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

#include "catch.h"

using namespace rehang;
using namespace std::chrono_literals;

namespace {

struct Pipe {
    Pipe() { REQUIRE(::pipe2(ends, O_CLOEXEC) == 0); }
    ~Pipe() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    void put(int value) const { REQUIRE(::write(ends[1], &value, sizeof value) == sizeof value); }
    int take() const {
        int value = -1;
        return ::read(ends[0], &value, sizeof value) == sizeof value ? value : -1;
    }
    int ends[2] = {};
};

// A filter that asks about getppid; its listener's number.
int ask_about_getppid() {
    sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program{.len = std::size(code), .filter = code};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return static_cast<int>(
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

// Two processes under one such filter: each makes the call when it is told to, and ends with the errno.
struct TwoCallers {
    TwoCallers() {
        parent = ::fork();
        if (parent == 0) {
            told.put(ask_about_getppid());
            first = caller(first_goes);
            second = caller(second_goes);
            told.put(first);
            told.put(second);
            int status = 0;
            ::waitpid(second, &status, 0);
            ::_exit(WEXITSTATUS(status));
        }
        const int number = told.take();
        const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, parent, 0)));
        listener.reset(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
        REQUIRE(listener);
        first = told.take();
        second = told.take();
    }
    static pid_t caller(const Pipe& goes) {
        const pid_t pid = ::fork();
        if (pid != 0) return pid;
        goes.take();
        ::_exit(::syscall(SYS_getppid) < 0 ? errno : 0);
    }
    int status_of_second() {
        int status = 0;
        REQUIRE(::waitpid(parent, &status, 0) == parent);
        parent = 0;
        return WEXITSTATUS(status);
    }
    ~TwoCallers() {
        if (parent == 0) return;
        for (const pid_t pid : {first, second, parent}) ::kill(pid, SIGKILL);
        ::waitpid(parent, nullptr, 0);
    }

    Pipe told, first_goes, second_goes;
    pid_t parent = 0, first = 0, second = 0;
    UniqueFd listener;
};

bool is_asked(int listener) {
    pollfd asked{.fd = listener, .events = POLLIN, .revents = 0};
    return ::poll(&asked, 1, 0) > 0 && (asked.revents & POLLIN) != 0;
}

}  // namespace

TEST_CASE(
    "who is killed between the loop's waking up and the question's being read leaves others their answers") {
    TwoCallers callers;
    boost::asio::io_context io{1};
    boost::asio::posix::stream_descriptor earlier(io, ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    int answered = 0;
    Notifications notifications(
        io,
        [&](const Notifications::Question&) {
            ++answered;
            return CallAnswer{.make = false, .value = -EXDEV};
        },
        -1);
    const int listener = ::dup(callers.listener.get());
    const UniqueFd watched(listener);
    notifications.add(std::move(callers.listener));
    earlier.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [&](const boost::system::error_code&) {
                           ::kill(callers.first, SIGKILL);
                           while (is_asked(listener)) ::sched_yield();
                       });

    // Both are ready when the loop looks; the handler of the earlier one takes the question away.
    REQUIRE(::eventfd_write(earlier.native_handle(), 1) == 0);
    callers.first_goes.put(0);
    while (!is_asked(listener)) ::sched_yield();
    io.poll();
    CHECK(answered == 0);

    callers.second_goes.put(0);
    while (answered == 0 && io.run_one_for(60s) > 0) {
    }
    REQUIRE(answered == 1);
    CHECK(callers.status_of_second() == EXDEV);
}
