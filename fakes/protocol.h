/* How a program under qemu-user asks the runner: what the preload client (fakes/preload) and the runner
 * share.
 *
 * The ioctls of a guest never reach the kernel if qemu-user doesn't know them: no filter sees them. So the
 * client, which lives inside the guest, makes a call that qemu-user does pass on, and that every kernel
 * refuses with EINVAL before it looks at anything else: pwritev() at a negative offset.
 *
 *     pwritev(fd, {{&ask, sizeof ask}}, 1, REHANG_ASK_NOTIFIED)
 *
 * `fd` is that of the ioctl. There is no descriptor of the client's own that could be closed, inherited or
 * taken for something else, and without a runner nothing happens at all. The runner finds the message by the
 * iovec, which qemu-user has translated; ask.self is its address as the guest sees it, and what is between
 * the two has to be added to the guest's pointers. What the call returns means nothing, but for EINTR with
 * `state` unchanged: ask again. The runner's answer is what it writes into `state`:
 *
 *   unasked    it is as the client left it: there is no runner. The client makes the ioctl itself.
 *   not_mine   the descriptor is none of a fake's: the same.
 *   answered   `result` is what the ioctl gives, or -errno.
 *   stop       the request may have to wait until a signal comes, which a thread that has asked can't do. The
 * client asks again at the offset REHANG_ASK_STOPPED, where the runner stops the thread. Only there the model
 * is asked: a signal handler that runs between the two may have changed its answer (immediate_exit of KVM).
 *              To wait, the runner writes `answered` and -EINTR, and makes the call pause().
 *
 * Fixed widths and no padding: the same for a guest of 32 or 64 bits. Both sides are little endian.
 */
#ifndef REHANG_FAKES_PROTOCOL_H
#define REHANG_FAKES_PROTOCOL_H

#include <stdint.h>

/* pwritev's fourth argument: negative, and "rehang" in ASCII. */
#define REHANG_ASK_NOTIFIED UINT64_C(0x8001726568616e67)
#define REHANG_ASK_STOPPED UINT64_C(0x8002726568616e67)

/* "rehang" and the version of what follows. */
#define REHANG_ASK_MAGIC UINT64_C(0x0001726568616e67)

enum rehang_ask_state {
    REHANG_ASK_UNASKED = 0,
    REHANG_ASK_NOT_MINE = 1,
    REHANG_ASK_ANSWERED = 2,
    REHANG_ASK_STOP = 3,
};

struct rehang_ask {
    uint64_t magic;    /* REHANG_ASK_MAGIC; the client's, as the next three */
    uint64_t self;     /* the guest's address of this struct */
    uint64_t argument; /* the ioctl's third argument, a guest's address if it is one */
    uint32_t request;  /* 32 bits, as in the kernel */
    uint32_t state;    /* enum rehang_ask_state; the runner's, as the next one */
    int64_t result;
};

#ifdef __cplusplus
static_assert(sizeof(struct rehang_ask) == 40);
#else
_Static_assert(sizeof(struct rehang_ask) == 40, "no padding");
#endif

#endif
