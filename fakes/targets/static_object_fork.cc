// A C++ program that makes its settings when they are asked for first, in a helper thread, while the main
// thread forks a worker that asks for them too.
//
//   static_object_fork --settings lazy|eager
//
// The language lets only one thread make a static object of a function, and all others wait for it. With
// `lazy` the fork may fall into that moment: in the child the object is being made for ever. With `eager` it
// is made before there is a second thread. Ends with 0 when the worker has ended.
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "fail.h"

struct Settings {
    Settings() { read_file(); }
    void read_file() { size = sysconf(_SC_PAGESIZE); }
    long size = 0;
};

static Settings& settings() {
    static Settings made_once;
    return made_once;
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--settings") != 0 ||
        (strcmp(argv[2], "lazy") != 0 && strcmp(argv[2], "eager") != 0)) {
        fprintf(stderr, "usage: static_object_fork --settings lazy|eager\n");
        return 2;
    }
    if (strcmp(argv[2], "eager") == 0) settings();

    std::thread helper([] { settings(); });
    const pid_t worker = fork();
    if (worker < 0) fail("fork");
    if (worker == 0) {
        settings();
        dprintf(STDOUT_FILENO, "worker runs\n");
        _exit(0);
    }
    int status = 0;
    while (waitpid(worker, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    helper.join();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
