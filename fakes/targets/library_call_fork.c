// A service whose helper thread calls a function of the C library while the main thread forks a worker, which
// calls the same one.
//
//   library_call_fork rand|getaddrinfo --at-fork nothing|lock
//
// Both functions take a lock of the C library that its fork() takes no care of: POSIX allows a child of a
// program with threads only async-signal-safe functions. With `lock` the program forks while no thread is in
// the call. Ends with 0 when the worker has made its call and ended.
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

static pthread_mutex_t call_mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock_calls(void) {
    pthread_mutex_lock(&call_mutex);
}
static void unlock_calls(void) {
    pthread_mutex_unlock(&call_mutex);
}
// The child has a mutex of its own. That the C library's lock was free at the fork is another matter.
static void renew_mutex(void) {
    pthread_mutex_init(&call_mutex, NULL);
}

static void call_rand(void) {
    (void)rand();
}

// Needs no network: /etc/hosts or the name itself tells the address, but how to ask is read before.
static void call_getaddrinfo(void) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo* addresses = NULL;
    if (getaddrinfo("localhost", NULL, &hints, &addresses) == 0) freeaddrinfo(addresses);
}

static void (*library_call)(void);

static void call_once(const char* who) {
    lock_calls();
    library_call();
    unlock_calls();
    dprintf(STDOUT_FILENO, "%s called it\n", who);
}

static void* help(void* unused) {
    call_once("helper");
    return unused;
}

static int usage(void) {
    fprintf(stderr, "usage: library_call_fork rand|getaddrinfo --at-fork nothing|lock\n");
    return 2;
}

int main(int argc, char** argv) {
    if (argc != 4 || strcmp(argv[2], "--at-fork") != 0) return usage();
    if (strcmp(argv[1], "rand") == 0) library_call = call_rand;
    if (strcmp(argv[1], "getaddrinfo") == 0) library_call = call_getaddrinfo;
    if (library_call == NULL) return usage();
    if (strcmp(argv[3], "lock") == 0) {
        pthread_atfork(lock_calls, unlock_calls, unlock_calls);
    } else if (strcmp(argv[3], "nothing") == 0) {
        pthread_atfork(NULL, NULL, renew_mutex);
    } else {
        return usage();
    }

    pthread_t helper;
    errno = pthread_create(&helper, NULL, help, NULL);
    if (errno != 0) fail("pthread_create");

    pid_t worker = fork();
    if (worker < 0) fail("fork");
    if (worker == 0) {
        call_once("worker");
        _exit(0);
    }
    int status;
    while (waitpid(worker, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    pthread_join(helper, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
