// Threads that use the processor and get nowhere, or seem to: what rehang may call a hang, and what not. One
// behaviour for each first argument. Those that are healthy end with 0 by themselves, whatever anybody thinks
// of them.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static atomic_int flag;
static volatile unsigned long counter;
static int ends[2];

void wait_for_flag(void) {
    while (!atomic_load_explicit(&flag, memory_order_relaxed)) {
    }
}

static void* wait_in_thread(void* unused) {
    wait_for_flag();
    return unused;
}

static int spin_in_a_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_in_thread, NULL) != 0) return 9;
    return pthread_join(thread, NULL);
}

static int nap(void) {
    const struct timespec a_while = {0, 100000};
    while (!atomic_load(&flag)) nanosleep(&a_while, NULL);
    return 0;
}

static int nothing(void) {
    for (;;) __asm__ volatile("");
}

int retry(void) {
    while (unlink("/nonexistent") != 0 && errno == EINTR) {
    }
    return 0;
}

// Gets the news by a pipe, from a child that has to compute first, and then tells the spinning thread.
static void* hear(void* unused) {
    char byte;
    if (read(ends[0], &byte, 1) == 1) atomic_store(&flag, 1);
    return unused;
}
static int told(void) {
    if (pipe(ends) != 0) return 9;
    if (fork() == 0) {
        unsigned long sum = 1;
        for (unsigned long i = 0; i < 1000ul * 1000 * 1000; ++i) __asm__ volatile("" : "+r"(sum));
        return write(ends[1], "", 1) == 1 ? 0 : 9;
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, hear, NULL) != 0) return 9;
    wait_for_flag();
    return pthread_join(thread, NULL);
}

static int count(void) {
    for (;;) __asm__ volatile("incq %0" : "+m"(counter));
}

static int watch_the_clock(void) {
    struct timespec now;
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while (!atomic_load(&flag) || now.tv_sec == 0);
    return 0;
}

// A period of 2^64 instructions.
static int wander(void) {
    for (unsigned long state = 1; state != 0;) {
        state = state * 6364136223846793005ul + 1442695040888963407ul;
        __asm__ volatile("" : "+r"(state));
        if (state == 0) state = 1;
    }
    return 0;
}

static int with_alarm(void) {
    alarm(1000);
    wait_for_flag();
    return 0;
}

static int with_processor_timer(void) {
    const struct itimerval later = {{0, 0}, {1000, 0}};
    setitimer(ITIMER_PROF, &later, NULL);
    wait_for_flag();
    return 0;
}

// Two threads that make way for each other for ever: whether they get on is a matter of luck.
static atomic_int wants[2];
static void* after_you(void* which) {
    const int me = which != NULL;
    for (;;) {
        atomic_store(&wants[me], 1);
        const int alone = !atomic_load(&wants[!me]);
        atomic_store(&wants[me], 0);
        if (alone) return which;
    }
}
static int politeness(void) {
    pthread_t thread;
    atomic_store(&wants[0], 1);
    if (pthread_create(&thread, NULL, after_you, &flag) != 0) return 9;
    after_you(NULL);
    return pthread_join(thread, NULL);
}

// A signal of a child that computes ends the loop.
static void set_flag(int unused) {
    (void)unused;
    atomic_store(&flag, 1);
}
static int signalled(void) {
    const pid_t me = getpid();
    signal(SIGUSR1, set_flag);
    if (fork() == 0) {
        unsigned long sum = 1;
        for (unsigned long i = 0; i < 1000ul * 1000 * 1000; ++i) __asm__ volatile("" : "+r"(sum));
        return kill(me, SIGUSR1);
    }
    wait_for_flag();
    return 0;
}

int main(int argc, char** argv) {
    const struct {
        const char* name;
        int (*run)(void);
    } modes[] = {{"thread", spin_in_a_thread},
                 {"nap", nap},
                 {"nothing", nothing},
                 {"retry", retry},
                 {"told", told},
                 {"count", count},
                 {"clock", watch_the_clock},
                 {"wander", wander},
                 {"alarm", with_alarm},
                 {"timer", with_processor_timer},
                 {"polite", politeness},
                 {"signal", signalled}};
    for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof modes[0]; ++i)
        if (strcmp(argv[1], modes[i].name) == 0) return modes[i].run();
    return 8;
}
