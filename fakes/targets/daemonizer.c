// A stand-in for QEMU's -daemonize (os_daemonize() in os-posix.c, qemu_thread_create() in
// util/qemu-thread-posix.c, rcu_init_child() in util/rcu.c): two forks with setsid() between them, a status
// pipe, a pidfile, and a helper thread that each fork child makes anew.
//
//   daemonizer [--pidfile PATH]
//
// The process that was started ends with 0 once the daemon has told it, by one byte, that it runs; with 1 if
// that byte never comes.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"

// --- threads
// -------------------------------------------------------------------------------------------------------------------------

// What a new thread needs to know. Made by the thread that creates it, freed by the new one: so a thread's
// first act is two calls of free(), and for tcmalloc they come from a thread that has no cache yet: they go
// straight to the central free lists.
struct ThreadStart {
    void (*run)(void);
    char* name;
};

static void* thread_main(void* argument) {
    struct ThreadStart* start = argument;
    void (*run)(void) = start->run;
    pthread_setname_np(pthread_self(), start->name);
    free(start->name);
    free(start);
    run();
    return NULL;
}

static void create_detached_thread(const char* name, void (*run)(void)) {
    struct ThreadStart* start = malloc(sizeof *start);
    if (start == NULL) fail("malloc");
    *start = (struct ThreadStart){.run = run, .name = strdup(name)};
    if (start->name == NULL) fail("strdup");
    pthread_t thread;
    errno = pthread_create(&thread, NULL, thread_main, start);
    if (errno != 0) fail("pthread_create");
    pthread_detach(thread);
}

// --- the helper that frees what readers no longer use
// --------------------------------------------------------------------------------

static sem_t rcu_thread_runs;
static sem_t rcu_callbacks;

static void serve_rcu_callbacks(void) {
    sem_post(&rcu_thread_runs);
    for (;;) sem_wait(&rcu_callbacks);
}

static void start_rcu_thread(void) {
    sem_init(&rcu_thread_runs, 0, 0);
    sem_init(&rcu_callbacks, 0, 0);
    create_detached_thread("call_rcu", serve_rcu_callbacks);
}

// fork() copies only the thread that calls it: each child makes the helper anew, and, as QEMU does, goes on
// without waiting for it.
static void rcu_init_child(void) {
    start_rcu_thread();
}

static void rcu_init(void) {
    start_rcu_thread();
    while (sem_wait(&rcu_thread_runs) != 0) continue;
    pthread_atfork(NULL, NULL, rcu_init_child);
}

// --- start-up work: many small pieces of memory
// ---------------------------------------------------------------------------------------

enum { OPTION_COUNT = 64, DEVICE_COUNT = 1024 };

char* devices[DEVICE_COUNT];

static char* numbered_name(const char* prefix, int number) {
    char name[16];  // one size for all names, that of the thread's name: they share a free list
    snprintf(name, sizeof name, "%s-%d", prefix, number);
    char* copy = strdup(name);
    if (copy == NULL) fail("strdup");
    return copy;
}

// Takes and gives back some names, as reading a command line does. Afterwards the thread's cache has a few
// left over.
static void parse_options(void) {
    char* options[OPTION_COUNT];
    for (int i = 0; i < OPTION_COUNT; ++i) options[i] = numbered_name("option", i);
    for (int i = 0; i < OPTION_COUNT; ++i) free(options[i]);
}

// Needs more names than any cache has left over: the allocator must ask its central free list.
static void create_devices(void) {
    for (int i = 0; i < DEVICE_COUNT; ++i) devices[i] = numbered_name("device", i);
}

// --- the daemon
// ----------------------------------------------------------------------------------------------------------------------

// Waits for the daemon's status byte, in the process that was started. Its end is the answer to whoever
// started it.
static _Noreturn void report_status(int status_read) {
    unsigned char status = 1;
    ssize_t length;
    do {
        length = read(status_read, &status, 1);
    } while (length < 0 && errno == EINTR);
    if (length != 1 || status != 0) {
        fprintf(stderr, "daemonizer: the daemon ended before it was ready\n");
        exit(1);
    }
    printf("daemon runs\n");
    exit(0);
}

// Returns in the grandchild only, with the descriptor that takes the status byte.
static int daemonize(void) {
    int status[2];
    if (pipe2(status, O_CLOEXEC) != 0) fail("pipe2");
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child > 0) {
        close(status[1]);
        report_status(status[0]);
    }
    close(status[0]);
    setsid();
    pid_t grandchild = fork();
    if (grandchild < 0) fail("fork");
    if (grandchild > 0) exit(0);
    umask(027);
    return status[1];
}

static void write_pidfile(const char* path) {
    FILE* file = fopen(path, "we");
    if (file == NULL) fail(path);
    fprintf(file, "%d\n", getpid());
    if (fclose(file) != 0) fail(path);
}

static void leave_terminal(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) fail("/dev/null");
    for (int fd = 0; fd <= 2; ++fd) dup2(null, fd);
    close(null);
}

static void tell_ready(int status_write) {
    const unsigned char success = 0;
    if (write(status_write, &success, 1) != 1) fail("write");
    close(status_write);
}

int main(int argc, char** argv) {
    const char* pidfile = NULL;
    if (argc == 3 && strcmp(argv[1], "--pidfile") == 0) {
        pidfile = argv[2];
    } else if (argc != 1) {
        fprintf(stderr, "usage: daemonizer [--pidfile PATH]\n");
        return 2;
    }

    parse_options();
    rcu_init();
    int status_write = daemonize();
    create_devices();
    if (pidfile != NULL) write_pidfile(pidfile);
    leave_terminal();
    tell_ready(status_write);
    for (;;) pause();
}
