#include "asking.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

#include "catch.h"

namespace rehang::test {
namespace {

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

pid_t caller(const Pipe& goes) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    goes.take();
    ::_exit(::syscall(SYS_getppid) < 0 ? errno : 0);
}

}  // namespace

Pipe::Pipe() {
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
}

Pipe::~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
}

void Pipe::put(int value) const {
    REQUIRE(::write(ends[1], &value, sizeof value) == sizeof value);
}

int Pipe::take() const {
    int value = -1;
    return ::read(ends[0], &value, sizeof value) == sizeof value ? value : -1;
}

TwoCallers::TwoCallers() {
    parent = ::fork();
    if (parent == 0) {
        told.put(ask_about_getppid());
        first = caller(first_goes);
        second = caller(second_goes);
        told.put(first);
        told.put(second);
        int status = 0;
        ::waitpid(second, &status, 0);
        ::waitpid(first, nullptr, 0);
        ::_exit(WEXITSTATUS(status));
    }
    const int number = told.take();
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, parent, 0)));
    listener.reset(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
    REQUIRE(listener);
    first = told.take();
    second = told.take();
}

int TwoCallers::status_of_second() {
    int status = 0;
    REQUIRE(::waitpid(parent, &status, 0) == parent);
    parent = 0;
    return WEXITSTATUS(status);
}

TwoCallers::~TwoCallers() {
    if (parent == 0) return;
    for (const pid_t pid : {first, second, parent}) ::kill(pid, SIGKILL);
    ::waitpid(parent, nullptr, 0);
}

bool is_asked(int listener) {
    pollfd asked{.fd = listener, .events = POLLIN, .revents = 0};
    return ::poll(&asked, 1, 0) > 0 && (asked.revents & POLLIN) != 0;
}

}  // namespace rehang::test
