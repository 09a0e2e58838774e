// A runtime that makes its threads itself, without the C library, as the one of Go does: static, a stack from
// mmap and clone(CLONE_THREAD) for each thread, futexes between them, and children by clone(CLONE_VFORK |
// CLONE_VM) and execve.
//   own_runtime threads   four threads pass a baton round and end
//   own_runtime spawn     one of the threads starts /bin/true and waits for it
//   own_runtime stuck     the threads wait for a baton that nobody has: a hang
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { threads = 4, stack_size = 64 * 1024 };

static atomic_int baton, running;
static int failed, spawns;

// System calls without errno: the threads have no thread-local storage.
static long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static void wait_while(atomic_int* word, int value) {
    while (atomic_load(word) == value) call6(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, value, 0, 0, 0);
}

static void set(atomic_int* word, int value) {
    atomic_store(word, value);
    call6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, threads, 0, 0, 0);
}

// clone(2) for a child that starts on a stack of its own with function(argument) and never returns.
__attribute__((noinline)) static long start(unsigned long flags, char* stack, void (*function)(long),
                                            long argument) {
    void** top = (void**)((char*)((unsigned long)stack & ~15UL) - 16);
    top[0] = (void*)function;
    top[1] = (void*)argument;
    long result;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "pop %%rax\n\t"
        "pop %%rdi\n\t"
        "call *%%rax\n\t"
        "hlt\n"
        "1:"
        : "=a"(result)
        : "a"((long)SYS_clone), "D"(flags), "S"(top), "d"(0L)
        : "rcx", "r8", "r9", "r10", "r11", "memory");
    return result;
}

static char* new_stack(void) {
    char* const memory = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory + stack_size;
}

static void execute(long unused) {
    (void)unused;
    static char* const arguments[] = {"/bin/true", NULL};
    static char* const environment[] = {NULL};
    call6(SYS_execve, (long)arguments[0], (long)arguments, (long)environment, 0, 0, 0);
    call6(SYS_exit, 1, 0, 0, 0, 0, 0);
}

static void spawn(void) {
    int status = 1;
    const long pid = start(CLONE_VFORK | CLONE_VM | SIGCHLD, new_stack(), execute, 0);
    if (call6(SYS_wait4, pid, (long)&status, 0, 0, 0, 0) != pid || status != 0) failed = 1;
}

// The thread of number n takes the baton from n and hands it on to n + 1.
static void run(long number) {
    wait_while(&baton, -1);
    for (int seen = atomic_load(&baton); seen != number; seen = atomic_load(&baton)) wait_while(&baton, seen);
    if (number == 2 && spawns) spawn();
    set(&running, atomic_load(&running) - 1);  // before the baton goes on: nobody else comes here meanwhile
    set(&baton, (int)number + 1);
    call6(SYS_exit, 0, 0, 0, 0, 0, 0);
}

int main(int count, char** arguments) {
    const char* const what = count == 2 ? arguments[1] : "";
    spawns = strcmp(what, "spawn") == 0;
    atomic_store(&baton, -1);
    atomic_store(&running, threads);
    for (long number = 1; number <= threads; ++number)
        if (start(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
                  new_stack(), run, number) < 0)
            return 1;
    if (strcmp(what, "stuck") != 0) set(&baton, 1);
    for (int left = threads; left > 0; left = atomic_load(&running)) wait_while(&running, left);
    return failed;
}
