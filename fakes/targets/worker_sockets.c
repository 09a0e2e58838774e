// A program that keeps a socketpair to each of its workers, as those do that give a part of their work, or of
// their privileges, to child processes: ssh's sshd, OpenBSD's daemons, a test runner with its workers.
//
//   worker_sockets --earlier-sockets inherit|close
//
// A worker ends when its socket says that there is nothing more to come. With `inherit` the second worker
// keeps what it has inherited by fork: the program's end of the first worker's socketpair. So the first one
// never sees the end. With `close` it closes that, and the program ends with 0.
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

enum { workers = 2 };

struct Worker {
    pid_t pid;
    int socket;  // the program's end
};

static _Noreturn void work(int socket) {
    char request;
    ssize_t length;
    while ((length = recv(socket, &request, 1, 0)) != 0)
        if (length < 0 && errno != EINTR) fail("recv");
    _exit(0);
}

static struct Worker start_worker(const struct Worker* earlier, int count, bool close_earlier) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail("socketpair");
    pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid == 0) {
        close(ends[0]);
        for (int i = 0; close_earlier && i < count; ++i) close(earlier[i].socket);
        work(ends[1]);
    }
    close(ends[1]);
    return (struct Worker){.pid = pid, .socket = ends[0]};
}

static void end_worker(const struct Worker* worker) {
    close(worker->socket);
    int status;
    while (waitpid(worker->pid, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--earlier-sockets") != 0 ||
        (strcmp(argv[2], "inherit") != 0 && strcmp(argv[2], "close") != 0)) {
        fprintf(stderr, "usage: worker_sockets --earlier-sockets inherit|close\n");
        return 2;
    }
    bool close_earlier = strcmp(argv[2], "close") == 0;
    struct Worker all[workers] = {{0}};
    for (int i = 0; i < workers; ++i) all[i] = start_worker(all, i, close_earlier);
    for (int i = 0; i < workers; ++i) end_worker(&all[i]);
    puts("all workers have ended");
    return 0;
}
