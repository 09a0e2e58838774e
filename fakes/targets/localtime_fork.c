// A service that logs with a time stamp in one thread and forks a worker in another.
//
//   localtime_fork --at-fork nothing|lock-log
//
// localtime() takes a lock of the C library's time zone code, and fork() takes no care of it: POSIX allows a
// child of a program with threads only async-signal-safe functions. With `lock-log` the program does what
// such programs can do about it: it forks while no thread logs. Ends with 0 when the worker has logged and
// ended.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock_log(void) {
    pthread_mutex_lock(&log_mutex);
}
static void unlock_log(void) {
    pthread_mutex_unlock(&log_mutex);
}

// localtime(), like tzset(), looks at TZ each time, with getenv() and with the time zone lock held.
// (localtime_r() does so once only.)
static void log_line(const char* text) {
    lock_log();
    time_t now = time(NULL);
    char stamp[32];
    strftime(stamp, sizeof stamp, "%F %T", localtime(&now));
    char line[128];
    int length = snprintf(line, sizeof line, "%s %s\n", stamp, text);
    if (write(STDOUT_FILENO, line, (size_t)length) != length) fail("write");
    unlock_log();
}

// The child has a log of its own. That the C library's lock was free at the fork is another matter.
static void renew_log(void) {
    pthread_mutex_init(&log_mutex, NULL);
}

static void* log_start(void* unused) {
    log_line("service runs");
    return unused;
}

int main(int argc, char** argv) {
    if (argc == 3 && strcmp(argv[1], "--at-fork") == 0 && strcmp(argv[2], "lock-log") == 0) {
        pthread_atfork(lock_log, unlock_log, unlock_log);
    } else if (argc == 3 && strcmp(argv[1], "--at-fork") == 0 && strcmp(argv[2], "nothing") == 0) {
        pthread_atfork(NULL, NULL, renew_log);
    } else {
        fprintf(stderr, "usage: localtime_fork --at-fork nothing|lock-log\n");
        return 2;
    }

    pthread_t logger;
    errno = pthread_create(&logger, NULL, log_start, NULL);
    if (errno != 0) fail("pthread_create");

    pid_t worker = fork();
    if (worker < 0) fail("fork");
    if (worker == 0) {
        log_line("worker runs");
        _exit(0);
    }
    int status;
    while (waitpid(worker, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    pthread_join(logger, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
