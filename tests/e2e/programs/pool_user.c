// Forks while a thread of its own gives memory back. Both who forked and the child then ask for memory: so
// who forked waits for the allocator's lock in any case, in the fork where the allocator looks after it
// (pthread_atfork(3)), and behind the fork where it does not. Ends with the child's exit status.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOME = 64 };

static void take_and_give_back(void) {
    char* names[SOME];
    for (int i = 0; i < SOME; ++i) names[i] = strdup("a name");
    for (int i = 0; i < SOME; ++i) free(names[i]);
}

static void* give_back(void* memory) {
    free(memory);
    return NULL;
}

int main(void) {
    take_and_give_back();
    pthread_t helper;
    if (pthread_create(&helper, NULL, give_back, malloc(100)) != 0) return 2;
    const pid_t child = fork();
    if (child < 0) return 2;
    take_and_give_back();
    if (child == 0) _exit(0);
    pthread_join(helper, NULL);
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 2;
    return WEXITSTATUS(status);
}
