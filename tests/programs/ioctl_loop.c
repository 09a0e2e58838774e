// Prints what one ioctl of a device costs, in nanoseconds: the least of several rounds, so that a busy
// machine disturbs it little.
//
//   ioctl_loop DEVICE REQUEST [ROUNDS [CALLS]]
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// A preloaded library sees calls of the C library's function only.
#ifdef BY_FUNCTION
#define call_ioctl ioctl
#else
#define call_ioctl(...) syscall(SYS_ioctl, __VA_ARGS__)
#endif

// KVM_GET_API_VERSION takes nothing but 0; the other requests get room for what they answer.
static char answer[64];
static void* argument_of(unsigned long request) {
    return request == KVM_GET_API_VERSION ? NULL : answer;
}

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double cost(int device, unsigned long request, long calls) {
    void* argument = argument_of(request);
    const double start = nanoseconds();
    for (long i = 0; i < calls; ++i) {
        if (call_ioctl(device, request, argument) < 0) {
            fprintf(stderr, "ioctl_loop: %#lx: %s\n", request, strerror(errno));
            exit(1);
        }
    }
    return (nanoseconds() - start) / (double)calls;
}

int main(int argc, char** argv) {
    const long rounds = argc > 3 ? atol(argv[3]) : 400;
    const long calls = argc > 4 ? atol(argv[4]) : 50;
    if (argc < 3 || argc > 5 || rounds <= 0 || calls <= 0) {
        fprintf(stderr, "usage: ioctl_loop DEVICE REQUEST [ROUNDS [CALLS]]\n");
        return 2;
    }
    const unsigned long request = strtoul(argv[2], NULL, 0);
    const int device = open(argv[1], O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (device < 0) {
        fprintf(stderr, "ioctl_loop: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    double least = cost(device, request, calls);
    for (long i = 1; i < rounds; ++i) {
        const double ns = cost(device, request, calls);
        if (ns < least) least = ns;
    }
    printf("%.1f ns\n", least);
    return 0;
}
