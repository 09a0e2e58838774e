// crowd THREADS MAPPINGS
//
// A process to look at: that many threads, each some frames deep in a lock that main has and never gives
// back, and at least that many mappings. Prints a line when all stand.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_are_there;

static void wait_deep(int depth) {
    if (depth > 0) {
        wait_deep(depth - 1);
    } else {
        pthread_barrier_wait(&all_are_there);
        pthread_mutex_lock(&lock);
    }
    __asm__ volatile("");  // no tail call: the frame stays
}

static void* wait_for_lock(void* unused) {
    wait_deep(8);
    return unused;
}

// Neighbours differ in what they allow, or the kernel would make one mapping of them.
static int map_pages(long count) {
    for (long i = 0; i < count; ++i)
        if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                 0) == MAP_FAILED)
            return -1;
    return 0;
}

int main(int argc, char** argv) {
    const long threads = argc == 3 ? atol(argv[1]) : 0;
    if (threads <= 0 || map_pages(atol(argv[2])) != 0) {
        fprintf(stderr, "usage: crowd THREADS MAPPINGS\n");
        return 2;
    }
    pthread_barrier_init(&all_are_there, NULL, (unsigned)threads + 1);
    pthread_mutex_lock(&lock);
    for (long i = 0; i < threads; ++i) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, wait_for_lock, NULL) != 0) return 1;
    }
    pthread_barrier_wait(&all_are_there);
    puts("all stand");
    fflush(stdout);
    pthread_mutex_lock(&lock);  // for ever: it has it already
    return 0;
}
