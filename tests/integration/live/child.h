// A child of the test that waits until the object goes.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "catch.h"

namespace rehang {

class Child {
  public:
    static constexpr int above_all = 300;  // of the child's own descriptors: `body` may close those below
    // `body` must not use Catch2; the child waits after it, and is made only when it is done.
    explicit Child(const std::function<void()>& body = [] {}) {
        int ready[2];
        REQUIRE(::pipe(ready) == 0);
        pid = ::fork();
        if (pid == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            const int done = ::fcntl(ready[1], F_DUPFD, above_all);
            ::close(ready[0]);
            ::close(ready[1]);
            body();
            if (::write(done, "", 1) != 1) ::_exit(1);
            ::close(done);
            for (;;) ::pause();
        }
        ::close(ready[1]);
        char byte = 0;
        REQUIRE(::read(ready[0], &byte, 1) == 1);
        ::close(ready[0]);
    }
    ~Child() {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t pid = -1;
};

}  // namespace rehang
