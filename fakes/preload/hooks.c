// Points at functions of a guest of qemu-user: entries that the runner puts between a caller and a function
// (protocol.h). As in client.c there is nothing that could be disturbed. An entry may be passed anywhere, in
// a signal's handler too, and between a fork and what comes after it: it makes one system call by itself,
// touches no errno, and leaves the registers of arguments as they were.
#include "protocol.h"

#ifdef __aarch64__

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>

// As many as a scenario can have points.
#define ENTRIES 256
#define ENTRY_SIZE 16

extern const char rehang_entries[] __attribute__((visibility("hidden")));
__attribute__((visibility("hidden"), used)) uint64_t rehang_originals[ENTRIES];

// What the code below saves of the caller, at the stack pointer.
struct saved {
    uint64_t frame, returns_to;  // x29, x30
    uint64_t x[10];              // x0 to x8, and the index
    unsigned __int128 q[8];
};
_Static_assert(sizeof(struct saved) == 224 && offsetof(struct saved, q) == 96, "as the code has it");

static void call_runner(uint64_t offset, const void* message, size_t size) {
    const struct iovec vector = {(void*)message, size};
    register long x0 __asm__("x0") = -1;
    register const void* x1 __asm__("x1") = &vector;
    register long x2 __asm__("x2") = 1;
    register uint64_t x3 __asm__("x3") = offset;
    register uint64_t x4 __asm__("x4") = 0;
    register long x8 __asm__("x8") = SYS_pwritev;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8) : "memory");
}

__attribute__((visibility("hidden"), used)) void rehang_reached_entry(const struct saved* saved) {
    struct rehang_reached reached = {
        .magic = REHANG_ASK_MAGIC,
        .index = saved->x[9],
        .returns_to = saved->returns_to,
        .stack = (uintptr_t)saved + sizeof *saved,
        .frame = saved->frame,
    };
    for (int i = 0; i < 8; ++i) reached.arguments[i] = saved->x[i];
    reached.self = (uintptr_t)&reached;
    call_runner(REHANG_POINT_REACHED, &reached, sizeof reached);
}

// A caller through a slot expects x16 and x17 to be lost, and nothing else.
__asm__(
    ".text\n"
    ".balign 16\n"
    ".hidden rehang_entries\n"
    ".globl rehang_entries\n"
    "rehang_entries:\n"
    ".set i, 0\n"
    ".rept 256\n"
    "  hint #34\n"  // bti c
    "  mov w16, #i\n"
    "  b rehang_entry\n"
    "  nop\n"
    ".set i, i + 1\n"
    ".endr\n"
    ".type rehang_entry, %function\n"
    "rehang_entry:\n"
    ".cfi_startproc\n"
    "  stp x29, x30, [sp, #-224]!\n"
    ".cfi_def_cfa_offset 224\n"
    ".cfi_offset x29, -224\n"
    ".cfi_offset x30, -216\n"
    "  mov x29, sp\n"
    "  stp x0, x1, [sp, #16]\n"
    "  stp x2, x3, [sp, #32]\n"
    "  stp x4, x5, [sp, #48]\n"
    "  stp x6, x7, [sp, #64]\n"
    "  stp x8, x16, [sp, #80]\n"
    "  stp q0, q1, [sp, #96]\n"
    "  stp q2, q3, [sp, #128]\n"
    "  stp q4, q5, [sp, #160]\n"
    "  stp q6, q7, [sp, #192]\n"
    "  mov x0, sp\n"
    "  bl rehang_reached_entry\n"
    "  ldp q6, q7, [sp, #192]\n"
    "  ldp q4, q5, [sp, #160]\n"
    "  ldp q2, q3, [sp, #128]\n"
    "  ldp q0, q1, [sp, #96]\n"
    "  ldp x8, x16, [sp, #80]\n"
    "  ldp x6, x7, [sp, #64]\n"
    "  ldp x4, x5, [sp, #48]\n"
    "  ldp x2, x3, [sp, #32]\n"
    "  ldp x0, x1, [sp, #16]\n"
    "  ldp x29, x30, [sp], #224\n"
    ".cfi_restore x30\n"
    ".cfi_restore x29\n"
    ".cfi_def_cfa_offset 0\n"
    "  adrp x17, rehang_originals\n"
    "  add x17, x17, :lo12:rehang_originals\n"
    "  ldr x17, [x17, x16, lsl #3]\n"
    "  br x17\n"
    ".cfi_endproc\n"
    ".size rehang_entry, . - rehang_entry\n");

__attribute__((constructor)) static void offer_entries(void) {
    struct rehang_hooks hooks = {
        .magic = REHANG_ASK_MAGIC,
        .entries = (uintptr_t)rehang_entries,
        .originals = (uintptr_t)rehang_originals,
        .entry_size = ENTRY_SIZE,
        .count = ENTRIES,
    };
    hooks.self = (uintptr_t)&hooks;
    call_runner(REHANG_HOOKS_WANTED, &hooks, sizeof hooks);
}

#endif
