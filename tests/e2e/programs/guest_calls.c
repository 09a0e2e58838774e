// Calls functions of its C library, at which a scenario has points, and checks that they get what they were
// given and give it back: "all right". The order of "thread" and "main" is up to the scenario.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char* text) {
    if (write(1, text, strlen(text)) < 0) abort();
}

static void* other_thread(void* unused) {
    say("thread\n");
    (void)getgid();
    return unused;
}

static int gets_all_arguments(void) {
    char text[128];
    errno = 7;
    const int length = snprintf(text, sizeof text, "%d %.1f %s %d %d %.1f %d %d %ld", 1, 2.5, "three", 4, 5,
                                6.5, 7, 8, 123456789012345L);
    return errno == 7 && length == (int)strlen(text) &&
           strcmp(text, "1 2.5 three 4 5 6.5 7 8 123456789012345") == 0;
}

static int works_in_a_child_without_descriptors(void) {
    const pid_t child = fork();
    if (child == 0) {
        for (int fd = 0; fd < 64; ++fd) close(fd);
        (void)getuid();
        _exit(gets_all_arguments() ? 3 : 4);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3;
}

int main(void) {
    pthread_t thread;
    volatile double half = 0.5;
    if (pthread_create(&thread, NULL, other_thread, NULL) != 0) return 1;
    (void)getuid();
    say("main\n");
    pthread_join(thread, NULL);
    if (!gets_all_arguments() || ldexp(half, 6) != 32 || !works_in_a_child_without_descriptors()) return 2;
    say("all right\n");
    return 0;
}
