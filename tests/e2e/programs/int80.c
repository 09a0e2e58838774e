// A 64-bit program that makes system calls as 32-bit programs do, by `int 0x80`: their numbers are those of
// i386, other ones than its own. What it does is its first argument.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { i386_waitpid = 7, i386_getpid = 20, i386_alarm = 27, i386_setitimer = 104, i386_clone = 120 };
enum { child_status = 7 };

static long int80(long number, long first, long second, long third) {
    long answer;
    __asm__ volatile("int $0x80"
                     : "=a"(answer)
                     : "a"(number), "b"(first), "c"(second), "d"(third)
                     : "memory", "r8", "r9", "r10", "r11");
    return answer;
}

static int named(const char* name, int argc, char** argv) {
    return argc > 1 && strcmp(argv[1], name) == 0;
}

// The timer kills the program, while nothing that it waits for would ever come.
static int wait_for_alarm(void) {
    int80(i386_alarm, 1, 0, 0);
    return pause();
}

static int wait_for_timer(void) {
    // An i386 struct itimerval, where 32 bits can point to: it_interval, it_value, each as seconds and
    // microseconds.
    int* const timer =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (timer == MAP_FAILED) return 1;
    timer[3] = 300000;
    const long real = 0;  // ITIMER_REAL
    int80(i386_setitimer, real, (long)timer, 0);
    return pause();
}

static int untraced_child(void) {
    const long pid = int80(i386_clone, CLONE_UNTRACED | SIGCHLD, 0, 0);
    if (pid == 0) _exit(child_status);
    int status = 0;
    return waitpid((pid_t)pid, &status, 0) == pid && WEXITSTATUS(status) == child_status ? 0 : 1;
}

// With these arguments, the call of this number among those of 64-bit programs is a poll of nothing, without
// end.
static int wait_for_child(void) {
    int ends[2];
    char byte = 0;
    if (pipe(ends) != 0) return 1;
    const pid_t pid = fork();
    if (pid == 0) _exit(read(ends[0], &byte, 1) == 1 ? child_status : 1);
    const long every_kind_of_child = 0xc0000000;  // __WALL | __WCLONE
    return int80(i386_waitpid, pid, 0, every_kind_of_child) == pid ? 0 : 1;
}

int main(int argc, char** argv) {
    if (named("supported", argc, argv)) return int80(i386_getpid, 0, 0, 0) == getpid() ? 0 : 1;
    if (named("alarm", argc, argv)) return wait_for_alarm();
    if (named("timer", argc, argv)) return wait_for_timer();
    if (named("untraced", argc, argv)) return untraced_child();
    if (named("child", argc, argv)) return wait_for_child();
    return 2;
}
