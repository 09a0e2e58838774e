// Every way in which a process or thread can come into being, one for each first argument. A child ends with
// status 7, its maker with 0 once it has seen that, so that a birth that went wrong shows.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

enum { child_status = 7 };

static int expect_child(pid_t pid) {
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, __WALL) != pid) return 1;
    return WIFEXITED(status) && WEXITSTATUS(status) == child_status ? 0 : 2;
}

static int with_fork(void) {
    const pid_t pid = fork();
    if (pid == 0) _exit(child_status);
    return expect_child(pid);
}

static int with_vfork(void) {
    const pid_t pid = vfork();
    if (pid == 0) _exit(child_status);
    return expect_child(pid);
}

static int with_spawn(void) {
    char* const arguments[] = {"sh", "-c", "exit 7", NULL};
    pid_t pid = -1;
    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environ) != 0) return 1;
    return expect_child(pid);
}

static int with_system(void) {
    const int status = system("exit 7");
    return WIFEXITED(status) && WEXITSTATUS(status) == child_status ? 0 : 2;
}

static int with_popen(void) {
    FILE* const stream = popen("exit 7", "r");
    return stream && WEXITSTATUS(pclose(stream)) == child_status ? 0 : 2;
}

static int clone_body(void* unused) {
    (void)unused;
    return child_status;
}

// A child with the given flags, by libc's clone.
static int with_clone(int flags) {
    static char stack[65536] __attribute__((aligned(16)));
    return expect_child(clone(clone_body, stack + sizeof stack, flags, NULL));
}

// A child by the system call itself.
static int with_raw_clone(unsigned long flags) {
    const long pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (pid == 0) _exit(child_status);
    return expect_child((pid_t)pid);
}

// struct clone_args of <linux/sched.h>, which musl-gcc does not find.
struct CloneArguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static int with_clone3(uint64_t flags) {
    struct CloneArguments arguments = {.flags = flags, .exit_signal = SIGCHLD};
    const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) _exit(child_status);
    return expect_child((pid_t)pid);
}

static int with_raw_fork(long call) {
    const long pid = syscall(call);
    if (pid == 0) _exit(child_status);
    return expect_child((pid_t)pid);
}

// The child's child is the caller's.
static int with_clone_parent(void) {
    int in_child[2];
    if (pipe(in_child) != 0) return 1;
    const pid_t pid = fork();
    if (pid == 0) {
        const pid_t sibling = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
        if (sibling == 0) _exit(child_status);
        const int mine = waitpid(sibling, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : 1;
        if (write(in_child[1], &sibling, sizeof sibling) != sizeof sibling) _exit(1);
        _exit(mine == 0 ? child_status : 1);
    }
    pid_t sibling = -1;
    if (read(in_child[0], &sibling, sizeof sibling) != sizeof sibling) return 1;
    return expect_child(sibling) + expect_child(pid);
}

// Orphans below become this process's children.
static int adopt_orphans(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1);
}
static int until_all_have_ended(void) {
    while (wait(NULL) > 0) continue;
    return errno == ECHILD ? 0 : 3;
}

static int with_daemon(void) {
    if (adopt_orphans() != 0) return 1;
    const pid_t pid = fork();
    if (pid == 0) {
        if (daemon(0, 0) != 0) _exit(1);
        _exit(child_status);
    }
    return pid < 0 ? 1 : until_all_have_ended();
}

static int with_double_fork(void) {
    if (adopt_orphans() != 0) return 1;
    const pid_t pid = fork();
    if (pid == 0) _exit(fork() >= 0 ? child_status : 1);  // the grandchild, too
    return expect_child(pid) + until_all_have_ended();
}

static void* forking_thread(void* result) {
    *(int*)result = with_fork();
    return NULL;
}

// The children of two threads end with the number of their thread: 2 or 3.
static void* numbered_thread(void* number) {
    const pid_t pid = fork();
    if (pid == 0) _exit((int)(intptr_t)number);
    waitpid(pid, NULL, 0);
    return NULL;
}

static int in_two_threads(void) {
    pthread_t thread[2];
    for (intptr_t i = 0; i < 2; ++i)
        if (pthread_create(&thread[i], NULL, numbered_thread, (void*)(i + 2)) != 0) return 1;
    for (int i = 0; i < 2; ++i) pthread_join(thread[i], NULL);
    return 0;
}

static int in_threads(int threads) {
    pthread_t thread[8];
    int result[8];
    int sum = 0;
    for (int i = 0; i < threads; ++i)
        if (pthread_create(&thread[i], NULL, forking_thread, &result[i]) != 0) return 1;
    for (int i = 0; i < threads; ++i) {
        pthread_join(thread[i], NULL);
        sum += result[i];
    }
    return sum;
}

// A child that executes this program again and again: "chain 3" becomes "chain 2" …
__attribute__((noinline)) int exec_chain(const char* links) {
    const int left = atoi(links);
    if (left == 0) return child_status;
    char next[16];
    snprintf(next, sizeof next, "%d", left - 1);
    execl("/proc/self/exe", "births", "chain", next, (char*)NULL);
    return 1;
}

static int with_exec_chain(void) {
    const pid_t pid = fork();
    if (pid == 0) _exit(exec_chain("3"));
    return expect_child(pid);
}

static void* idle_thread(void* unused) {
    pause();
    return unused;
}

static void* executing_thread(void* unused) {
    (void)unused;
    if (getpid() == gettid()) _exit(1);
    execl("/proc/self/exe", "births", "after_exec", (char*)NULL);
    _exit(1);
}

// The thread takes the main thread's place.
static int exec_in_thread(void) {
    pthread_t others, executing;
    pthread_create(&others, NULL, idle_thread, NULL);
    pthread_create(&executing, NULL, executing_thread, NULL);
    pause();
    return 1;
}

static int after_exec(void) {
    return getpid() == gettid() ? with_fork() : 1;
}

static int by_name(const char* way) {
    if (!strcmp(way, "fork")) return with_fork();
    if (!strcmp(way, "_Fork")) {
        const pid_t pid = _Fork();
        if (pid == 0) _exit(child_status);
        return expect_child(pid);
    }
    if (!strcmp(way, "vfork")) return with_vfork();
    if (!strcmp(way, "posix_spawn")) return with_spawn();
    if (!strcmp(way, "system")) return with_system();
    if (!strcmp(way, "popen")) return with_popen();
    if (!strcmp(way, "clone")) return with_clone(SIGCHLD);
    if (!strcmp(way, "clone_vm")) return with_clone(CLONE_VM | SIGCHLD);
    if (!strcmp(way, "clone_no_signal")) return with_clone(0);
    if (!strcmp(way, "clone3")) return with_clone3(0);
    if (!strcmp(way, "raw_clone")) return with_raw_clone(SIGCHLD);
    if (!strcmp(way, "raw_fork")) return with_raw_fork(SYS_fork);
    if (!strcmp(way, "untraced_clone")) return with_raw_clone(CLONE_UNTRACED | SIGCHLD);
    if (!strcmp(way, "untraced_clone3")) return with_clone3(CLONE_UNTRACED);
    if (!strcmp(way, "clone_parent")) return with_clone_parent();
    if (!strcmp(way, "daemon")) return with_daemon();
    if (!strcmp(way, "double_fork")) return with_double_fork();
    if (!strcmp(way, "thread")) return in_threads(1);
    if (!strcmp(way, "threads")) return in_threads(8);
    if (!strcmp(way, "two_threads")) return in_two_threads();
    if (!strcmp(way, "exec_chain")) return with_exec_chain();
    if (!strcmp(way, "exec_in_thread")) return exec_in_thread();
    if (!strcmp(way, "after_exec")) return after_exec();
    return 99;
}

int main(int count, char** arguments) {
    if (count == 3 && !strcmp(arguments[1], "chain")) return exec_chain(arguments[2]);
    return count == 2 ? by_name(arguments[1]) : 98;
}
