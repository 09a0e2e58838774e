// Preloaded into a guest of qemu-user: asks the runner for every ioctl. It decides nothing and remembers
// nothing: no lock, no descriptor, no state, so fork, exec, signals and the close of all descriptors can't
// disturb it. Points at the guest's functions are in hooks.c.
//
// It makes system calls only, by syscall(): ioctl is one everywhere, and looking for the C library's own
// would take the loader's lock.
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "protocol.h"

// Both halves of the offset: where `long` has 64 bits the kernel takes the first and ignores the second.
static void call_runner(int fd, uint64_t offset, volatile struct rehang_ask* ask) {
    const struct iovec message = {(void*)ask, sizeof *ask};
    const uint32_t state = ask->state;
    while (syscall(SYS_pwritev, fd, &message, 1L, (unsigned long)offset, (unsigned long)(offset >> 32)) < 0 &&
           errno == EINTR && ask->state == state) {
    }
}

static int make_ioctl(int fd, uint32_t request, unsigned long argument) {
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

__attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    const unsigned long argument = va_arg(arguments, unsigned long);
    va_end(arguments);

    const int errno_before = errno;
    // The runner writes into it, unseen by the compiler.
    volatile struct rehang_ask ask = {
        .magic = REHANG_ASK_MAGIC,
        .argument = argument,
        .request = (uint32_t)request,
        .state = REHANG_ASK_UNASKED,
    };
    ask.self = (uintptr_t)&ask;
    call_runner(fd, REHANG_ASK_NOTIFIED, &ask);
    if (ask.state == REHANG_ASK_STOP) call_runner(fd, REHANG_ASK_STOPPED, &ask);
    errno = errno_before;
    if (ask.state != REHANG_ASK_ANSWERED) return make_ioctl(fd, (uint32_t)request, argument);
    if (ask.result >= 0) return (int)ask.result;
    errno = (int)(0 - (uint64_t)ask.result);  // in unsigned numbers each has its opposite
    return -1;
}
