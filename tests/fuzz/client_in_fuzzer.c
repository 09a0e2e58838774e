// The preload client as it is, but that its system calls come to the fuzzer.
#define ioctl client_ioctl
#define syscall fuzzer_syscall
long fuzzer_syscall(long number, ...);
#include "preload/client.c"
