// A service that loads its table in a second thread and forks a worker, which needs the table.
//
//   yield_fork --fork at-once|when-ready
//
// Whoever needs the table waits for it by sched_yield() until a flag is set. The thread that would set it is
// not copied by fork. `when-ready` waits before the fork. Ends with 0 when the worker has seen the table and
// ended.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

static atomic_int table_ready;

static void* load_table(void* unused) {
    atomic_store(&table_ready, 1);
    return unused;
}

void wait_for_table(void) {
    while (!atomic_load(&table_ready)) sched_yield();
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--fork") != 0 ||
        (strcmp(argv[2], "at-once") != 0 && strcmp(argv[2], "when-ready") != 0)) {
        fprintf(stderr, "usage: yield_fork --fork at-once|when-ready\n");
        return 2;
    }

    pthread_t loading;
    errno = pthread_create(&loading, NULL, load_table, NULL);
    if (errno != 0) fail("pthread_create");
    if (strcmp(argv[2], "when-ready") == 0) wait_for_table();

    pid_t worker = fork();
    if (worker < 0) fail("fork");
    if (worker == 0) {
        wait_for_table();
        _exit(0);
    }
    int status;
    while (waitpid(worker, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    pthread_join(loading, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
