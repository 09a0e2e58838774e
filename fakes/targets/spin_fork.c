// A program that guards a counter by a spinlock in one thread, and forks a worker in another.
//
//   spin_fork --at-fork nothing|lock-counter
//
// pthread_spin_lock() never sleeps, and fork() knows nothing of the program's own locks. With `lock-counter`
// the program does what it can do about it: it forks while no thread counts. Ends with 0 when the worker has
// counted and ended.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

static pthread_spinlock_t counter_lock;
static int counter;

static void lock_counter(void) {
    pthread_spin_lock(&counter_lock);
}
static void unlock_counter(void) {
    pthread_spin_unlock(&counter_lock);
}

// A function of its own, so that it has a name: called with the lock held.
int add_one(int number) {
    return number + 1;
}

static void count(void) {
    lock_counter();
    counter = add_one(counter);
    unlock_counter();
}

static void* count_start(void* unused) {
    count();
    return unused;
}

int main(int argc, char** argv) {
    pthread_spin_init(&counter_lock, PTHREAD_PROCESS_PRIVATE);
    if (argc == 3 && strcmp(argv[1], "--at-fork") == 0 && strcmp(argv[2], "lock-counter") == 0) {
        pthread_atfork(lock_counter, unlock_counter, unlock_counter);
    } else if (argc != 3 || strcmp(argv[1], "--at-fork") != 0 || strcmp(argv[2], "nothing") != 0) {
        fprintf(stderr, "usage: spin_fork --at-fork nothing|lock-counter\n");
        return 2;
    }

    pthread_t counting;
    errno = pthread_create(&counting, NULL, count_start, NULL);
    if (errno != 0) fail("pthread_create");

    pid_t worker = fork();
    if (worker < 0) fail("fork");
    if (worker == 0) {
        count();
        _exit(0);
    }
    int status;
    while (waitpid(worker, &status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    pthread_join(counting, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
