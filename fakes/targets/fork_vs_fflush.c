// A server with a reader, a flusher and a forker: each of them does what is allowed.
//
//   fork_vs_fflush
//
// The reader is in getline() of a pipe, with the stream's lock held. The flusher calls fflush(NULL), which
// locks the list of all streams and then each of them. The forker calls fork(), which runs the allocator's
// handlers, and then takes the list's lock as well. Then a line comes for which the reader needs memory. Ends
// with 0 when all are done and the child has ended.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

enum { line_length = 2000 };  // getline() begins with 120 bytes

static FILE* requests;

static void* read_request(void* unused) {
    pthread_setname_np(pthread_self(), "reader");
    char* line = NULL;
    size_t size = 0;
    if (getline(&line, &size, requests) != line_length) fail("getline");
    free(line);
    return unused;
}

static void* flush_all(void* unused) {
    pthread_setname_np(pthread_self(), "flusher");
    fflush(NULL);
    return unused;
}

static void* run_helper(void* unused) {
    pthread_setname_np(pthread_self(), "forker");
    pid_t helper = fork();
    if (helper < 0) fail("fork");
    if (helper == 0) _exit(0);
    if (waitpid(helper, NULL, 0) != helper) fail("waitpid");
    return unused;
}

static pthread_t start(void* (*job)(void*)) {
    pthread_t thread;
    errno = pthread_create(&thread, NULL, job, NULL);
    if (errno != 0) fail("pthread_create");
    return thread;
}

static void send_request(int to) {
    char line[line_length];
    memset(line, 'x', sizeof line);
    line[line_length - 1] = '\n';
    if (write(to, line, sizeof line) != line_length) fail("write");
}

int main(void) {
    int ends[2];
    if (pipe(ends) != 0) fail("pipe");
    requests = fdopen(ends[0], "r");
    if (requests == NULL) fail("fdopen");
    pthread_t threads[] = {start(read_request), start(flush_all), start(run_helper)};
    send_request(ends[1]);
    for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
    puts("all done");
    return 0;
}
