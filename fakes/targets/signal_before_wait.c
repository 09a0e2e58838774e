// A consumer waits at a condition variable for work that the main thread brings.
//
//   signal_before_wait --ready-set unlocked|locked
//
// With `unlocked` the main thread forgets the mutex: it can set `ready` and signal after the consumer has
// looked at `ready` and before it waits. Nobody waits then, so the signal is lost. With `locked` there is no
// such moment. Ends with 0 when the consumer has got its work.
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_came = PTHREAD_COND_INITIALIZER;
static bool ready;

// Called with the mutex held, when there is no work.
static void wait_for_work(void) {
    pthread_cond_wait(&work_came, &mutex);
}

static void* consume(void* unused) {
    pthread_mutex_lock(&mutex);
    while (!ready) wait_for_work();
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void bring_work(bool locked) {
    if (locked) pthread_mutex_lock(&mutex);
    ready = true;
    pthread_cond_signal(&work_came);
    if (locked) pthread_mutex_unlock(&mutex);
}

int main(int argc, char** argv) {
    if (argc != 3 || strcmp(argv[1], "--ready-set") != 0 ||
        (strcmp(argv[2], "unlocked") != 0 && strcmp(argv[2], "locked") != 0)) {
        fprintf(stderr, "usage: signal_before_wait --ready-set unlocked|locked\n");
        return 2;
    }
    pthread_t consumer;
    errno = pthread_create(&consumer, NULL, consume, NULL);
    if (errno != 0) fail("pthread_create");
    bring_work(strcmp(argv[2], "locked") == 0);
    pthread_join(consumer, NULL);
    printf("work done\n");
    return 0;
}
