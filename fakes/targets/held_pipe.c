// A program that starts a daemon and collects what its start-up prints, until the end of file, as `$(daemon
// --start)` in a shell or libvirt's virCommandRun() do.
//
//   held_pipe --daemon-stdout keep|null
//
// With `keep` the daemon forgets to leave its standard output, the write end of the starter's pipe: the end
// of file never comes. With `null` it goes to /dev/null, and the starter prints what it has read and ends
// with 0.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

// The daemon's clients write to a pipe; that it keeps a write end itself spares it an end of file when there
// are none.
static _Noreturn void serve(void) {
    int requests[2];
    if (pipe2(requests, O_CLOEXEC) != 0) fail("pipe2");
    char request;
    while (read(requests[0], &request, 1) >= 0 || errno == EINTR) continue;
    fail("read");
}

static void leave_stdout(void) {
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDOUT_FILENO) < 0) fail("/dev/null");
    close(null);
}

// Never returns: the process ends once it has a daemon.
static _Noreturn void start_daemon(bool keep_stdout) {
    pid_t daemon = fork();
    if (daemon < 0) fail("fork");
    if (daemon > 0) {
        dprintf(STDOUT_FILENO, "started\n");
        _exit(0);
    }
    setsid();
    if (!keep_stdout) leave_stdout();
    serve();
}

static void copy_to_end(int from, int to) {
    char buffer[256];
    ssize_t length;
    while ((length = read(from, buffer, sizeof buffer)) != 0) {
        if (length < 0 && errno != EINTR) fail("read");
        if (length > 0 && write(to, buffer, (size_t)length) != length) fail("write");
    }
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--daemon-stdout") != 0 ||
        (strcmp(argv[2], "keep") != 0 && strcmp(argv[2], "null") != 0)) {
        fprintf(stderr, "usage: held_pipe --daemon-stdout keep|null\n");
        return 2;
    }
    bool keep_stdout = strcmp(argv[2], "keep") == 0;

    int output[2];
    if (pipe2(output, O_CLOEXEC) != 0) fail("pipe2");
    pid_t starter = fork();
    if (starter < 0) fail("fork");
    if (starter == 0) {
        if (dup2(output[1], STDOUT_FILENO) < 0) fail("dup2");
        close(output[0]);
        close(output[1]);
        start_daemon(keep_stdout);
    }
    close(output[1]);
    copy_to_end(output[0], STDOUT_FILENO);
    int status;
    while (waitpid(starter, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
