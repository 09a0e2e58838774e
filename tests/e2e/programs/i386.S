/* A 32-bit program without a C library: "wait" waits for a signal that nobody sends, "spin" goes round and
   round; whatever else, it calls a function and ends with status 9. */
    .text
    .globl _start, called
    .type called, @function
called:
    movl $20, %eax                  /* getpid */
    int $0x80
    ret
    .size called, . - called

_start:
    movl 8(%esp), %esi              /* argv[1] */
    cmpb $'w', (%esi)
    je waits
    cmpb $'s', (%esi)
    je spins
    call called
    movl $1, %eax                   /* exit */
    movl $9, %ebx
    int $0x80
waits:
    movl $29, %eax                  /* pause */
    int $0x80
    jmp waits
spins:
    pause
    jmp spins
    .section .note.GNU-stack, "", @progbits
