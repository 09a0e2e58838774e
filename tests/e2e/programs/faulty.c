// Makes system calls for faults to meet. What it does is its first argument.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { per_thread = 60, many = 3000 };
enum { i386_getppid = 64 };

static char first_results[per_thread + 1], second_results[per_thread + 1];

// One letter a call: `-` failed, `+` did not.
static void* make_calls(void* results) {
    for (int i = 0; i < per_thread; ++i) ((char*)results)[i] = syscall(SYS_getppid) < 0 ? '-' : '+';
    return NULL;
}

static void print_calls(int count) {
    int failed = 0;
    for (int i = 0; i < count; ++i) failed += syscall(SYS_getppid) < 0;
    printf("%d of %d failed\n", failed, count);
}

static int two_threads(void) {
    pthread_t other;
    if (pthread_create(&other, NULL, make_calls, second_results) != 0) return 1;
    make_calls(first_results);
    pthread_join(other, NULL);
    printf("%s %s\n", first_results, second_results);
    return 0;
}

// As daemons do it: a grandchild in a session of its own, which executes this program anew. A pipe that it
// has open ends when it does.
static int become_daemon(const char* program) {
    int ends[2];
    char byte;
    if (pipe(ends) != 0) return 1;
    if (fork() != 0) {
        close(ends[1]);
        return read(ends[0], &byte, 1) == 0 && wait(NULL) > 0 ? 0 : 1;
    }
    setsid();
    if (fork() != 0) _exit(0);
    execl(program, program, "calls", NULL);
    return 1;
}

static long i386_call(long number) {
    long answer;
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(number) : "memory", "r8", "r9", "r10", "r11");
    return answer;
}

// Pointers to nowhere, to the kernel, and to a text that ends where the memory does.
static int wild_pointers(void) {
    char* const nowhere = (char*)8;
    char* const kernel = (char*)0xffff800000000000;
    const char* const all[] = {NULL, nowhere, kernel, (char*)-1};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) {
        if (syscall(SYS_openat, AT_FDCWD, all[i], O_RDONLY) >= 0) return 1;
        if (syscall(SYS_write, 1, all[i], 100) >= 0) return 2;
        if (syscall(SYS_getrandom, all[i], 16, 0) >= 0 || errno != EFAULT) return 3;
        if (syscall(SYS_openat, -4711, "relative", O_RDONLY) >= 0) return 4;
        if (syscall(SYS_openat, 0x7fffffff, "relative", O_RDONLY) >= 0) return 5;
    }
    printf("all refused\n");
    return 0;
}

static void* call_for_ever(void* unused) {
    for (;;) syscall(SYS_getppid);
    return unused;
}

// Some children that do nothing but call; each is killed in the middle of that.
static int kill_callers(void) {
    for (int i = 0; i < 10; ++i) {
        int ends[2];
        char byte;
        if (pipe(ends) != 0) return 1;
        const pid_t child = fork();
        if (child == 0) {
            pthread_t other;
            pthread_create(&other, NULL, call_for_ever, NULL);
            if (write(ends[1], "", 1) != 1) _exit(1);
            call_for_ever(NULL);
        }
        if (read(ends[0], &byte, 1) != 1) return 2;
        kill(child, SIGKILL);
        int status = 0;
        if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) return 3;
        close(ends[0]);
        close(ends[1]);
    }
    printf("all killed\n");
    return 0;
}

// A child calls; its parent kills it, and says how it has ended.
static int kill_child_that_calls(void) {
    const pid_t child = fork();
    if (child == 0) {
        syscall(SYS_getppid);
        _exit(0);
    }
    kill(child, SIGKILL);
    int status = 0;
    if (waitpid(child, &status, 0) != child) return 1;
    printf(WIFSIGNALED(status) ? "killed\n" : "ended\n");
    return 0;
}

int main(int argc, char** argv) {
    const char* const what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "threads") == 0) return two_threads();
    if (strcmp(what, "daemon") == 0) return become_daemon(argv[0]);
    if (strcmp(what, "wild") == 0) return wild_pointers();
    if (strcmp(what, "kill") == 0) return kill_callers();
    if (strcmp(what, "kill-child") == 0) return kill_child_that_calls();
    if (strcmp(what, "calls") == 0) print_calls(argc > 2 ? atoi(argv[2]) : 3);
    if (strcmp(what, "until-made") == 0)
        while (syscall(SYS_getppid) < 0) continue;
    if (strcmp(what, "many") == 0) print_calls(many);
    if (strcmp(what, "closed") == 0) {  // whatever the runner might have left open
        for (int fd = 3; fd < 1024; ++fd) close(fd);
        print_calls(3);
    }
    if (strcmp(what, "i386") == 0) printf("%ld\n", i386_call(i386_getppid));
    return 0;
}
