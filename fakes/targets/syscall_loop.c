// Prints what one system call costs, in nanoseconds: the least of several rounds, so that a busy machine
// disturbs it little.
//
//   syscall_loop [ROUNDS [CALLS]]
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double cost_of_getppid(long calls) {
    double start = nanoseconds();
    for (long i = 0; i < calls; ++i) syscall(SYS_getppid);
    return (nanoseconds() - start) / (double)calls;
}

int main(int argc, char** argv) {
    long rounds = argc > 1 ? atol(argv[1]) : 400;
    long calls = argc > 2 ? atol(argv[2]) : 2000;
    if (argc > 3 || rounds <= 0 || calls <= 0) {
        fprintf(stderr, "usage: syscall_loop [ROUNDS [CALLS]]\n");
        return 2;
    }
    double least = cost_of_getppid(calls);
    for (long i = 1; i < rounds; ++i) {
        double cost = cost_of_getppid(calls);
        if (cost < least) least = cost;
    }
    printf("%.1f ns\n", least);
    return 0;
}
