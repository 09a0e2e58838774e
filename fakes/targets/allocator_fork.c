// A server with a thread that needs memory from the kernel while the main thread forks.
//
//   allocator_fork THREAD FORK CHILD
//
// The thread allocates THREAD, the main thread calls FORK ("fork", or "_Fork", which runs no handlers), and
// the child allocates CHILD: "many" small blocks, a "large" one, an "aligned" large one, a small one of a
// size that was "freed" just before the fork, or of a "new" size. Ends with 0 when the child and the thread
// have ended.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

enum { freed_size = 100, new_size = 700, large_size = 8 << 20, alignment = 1 << 20 };
enum { many = 16384, size_of_many = 1024 };  // more than an allocator has in reserve

static void* volatile memory;  // volatile: the compiler would do without memory that nobody uses

static void allocate(const char* what) {
    if (strcmp(what, "freed") == 0) {
        memory = malloc(freed_size);
    } else if (strcmp(what, "new") == 0) {
        memory = malloc(new_size);
    } else if (strcmp(what, "many") == 0) {
        for (int i = 0; i < many; ++i) memory = malloc(size_of_many);
    } else if (strcmp(what, "large") == 0) {
        memory = malloc(large_size);
    } else if (strcmp(what, "aligned") == 0) {
        memory = aligned_alloc(alignment, large_size);
    } else {
        errno = EINVAL;
        fail(what);
    }
    if (memory == NULL) fail("malloc");
}

static void* allocate_in_thread(void* what) {
    pthread_setname_np(pthread_self(), "allocator");
    allocate(what);
    return NULL;
}

int main(int argc, char** argv) {
    if (argc != 4) {
        errno = EINVAL;
        fail("allocator_fork THREAD FORK CHILD");
    }
    memory = malloc(freed_size);
    free(memory);
    pthread_t thread;
    errno = pthread_create(&thread, NULL, allocate_in_thread, argv[1]);
    if (errno != 0) fail("pthread_create");

    const pid_t child = strcmp(argv[2], "_Fork") == 0 ? _Fork() : fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        allocate(argv[3]);
        _exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) fail("the child");
    pthread_join(thread, NULL);
    puts("all done");
    return 0;
}
