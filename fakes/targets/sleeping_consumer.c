// A consumer sleeps at a condition variable until the main thread brings work, as it should be done: with the
// mutex held, and in a loop that looks at `ready`. Main comes only when the consumer sleeps. Ends with 0 when
// the consumer has got its work.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_came = PTHREAD_COND_INITIALIZER;
static bool ready;
static atomic_int consumer_tid;

static void* consume(void* unused) {
    atomic_store(&consumer_tid, gettid());
    pthread_mutex_lock(&mutex);
    while (!ready) pthread_cond_wait(&work_came, &mutex);
    pthread_mutex_unlock(&mutex);
    return unused;
}

// The kernel tells the system call of a thread only while it sleeps in it (proc(5), /proc/pid/syscall).
static bool sleeps_in_futex(int tid) {
    char path[64], call[16] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
    const int file = open(path, O_RDONLY);
    if (file < 0) fail(path);
    const ssize_t size = read(file, call, sizeof call - 1);
    close(file);
    return size > 0 && strtol(call, NULL, 10) == SYS_futex;
}

static void wait_until_consumer_sleeps(void) {
    int tid;
    while ((tid = atomic_load(&consumer_tid)) == 0) sched_yield();
    while (!sleeps_in_futex(tid)) sched_yield();
}

static void bring_work(void) {
    pthread_mutex_lock(&mutex);
    ready = true;
    pthread_cond_signal(&work_came);
    pthread_mutex_unlock(&mutex);
}

int main(void) {
    pthread_t consumer;
    errno = pthread_create(&consumer, NULL, consume, NULL);
    if (errno != 0) fail("pthread_create");
    wait_until_consumer_sleeps();
    bring_work();
    pthread_join(consumer, NULL);
    printf("work done\n");
    return 0;
}
