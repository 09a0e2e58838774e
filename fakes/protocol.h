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

/* Points at the guest's functions, by the same call at two more offsets, at which the runner stops the
 * thread.
 *
 * REHANG_HOOKS_WANTED, once, before the program runs: the client offers `count` entries, each `entry_size`
 * bytes of code from `entries` on. Entry i tells the runner that a thread is there, and then jumps to
 * originals[i]. The runner writes functions' addresses there, and those of entries into the slots (GOT) by
 * which the loaded modules call these functions. Where it wants none, nothing happens.
 *
 * REHANG_POINT_REACHED, by an entry: a thread is about to call the function. A hold is a call that takes
 * long.
 */
#define REHANG_HOOKS_WANTED UINT64_C(0x8003726568616e67)
#define REHANG_POINT_REACHED UINT64_C(0x8004726568616e67)

struct rehang_hooks {
    uint64_t magic;
    uint64_t self;
    uint64_t entries;   /* the guest's addresses */
    uint64_t originals; /* of uint64_t[count] */
    uint32_t entry_size;
    uint32_t count;
};

struct rehang_reached {
    uint64_t magic;
    uint64_t self;
    uint64_t index;        /* of the entry */
    uint64_t arguments[8]; /* registers: the first arguments, if they are integers or pointers */
    /* What the caller's stack can be unwound from: where the function will return to, and the stack pointer
     * and the frame pointer there. */
    uint64_t returns_to;
    uint64_t stack;
    uint64_t frame;
};

#ifdef __cplusplus
static_assert(sizeof(struct rehang_ask) == 40);
static_assert(sizeof(struct rehang_hooks) == 40);
static_assert(sizeof(struct rehang_reached) == 112);
#else
_Static_assert(sizeof(struct rehang_ask) == 40, "no padding");
_Static_assert(sizeof(struct rehang_hooks) == 40, "no padding");
_Static_assert(sizeof(struct rehang_reached) == 112, "no padding");
#endif

#endif
