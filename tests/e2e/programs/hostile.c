// Targets that make life hard for whoever supervises them, one for each first argument.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void pass_byte(int fd) {
    if (write(fd, "", 1) != 1) _exit(90);
}

static void take_byte(int fd) {
    char byte;
    if (read(fd, &byte, 1) != 1) _exit(91);
}

static void wait_for_ever(void) {
    for (;;) pause();
}

// Named by points.
__attribute__((noinline)) void held_here(void) {
    __asm__ volatile("");
}

// A child comes to all kinds of points, and its parent kills it: at one of them, if the scenario lets kill(2)
// wait for that point.
static int kills_its_child(void) {
    const pid_t child = fork();
    if (child == 0) {
        held_here();
        getppid();
        _exit(0);
    }
    kill(child, SIGKILL);
    return waitpid(child, NULL, 0) == child ? 7 : 1;
}

// A process that is killed while it forks as fast as it can, and its children, which live on.
static int killed_while_forking(void) {
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 1;  // its orphans become this process's children
    for (int round = 0; round < 20; ++round) {
        int started[2];
        if (pipe(started) != 0) return 1;
        const pid_t forker = fork();
        if (forker == 0) {
            pass_byte(started[1]);
            for (int i = 0; i < 50; ++i)
                if (fork() == 0) _exit(0);
            wait_for_ever();
        }
        take_byte(started[0]);
        kill(forker, SIGKILL);
        while (wait(NULL) > 0) continue;
        close(started[0]);
        close(started[1]);
    }
    return 0;
}

static int blocks_all_signals(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int signal_number = 1; signal_number < NSIG; ++signal_number) signal(signal_number, SIG_IGN);
    raise(SIGTERM);
    raise(SIGTRAP);
    raise(SIGSEGV);
    wait_for_ever();
    return 1;
}

static int closes_everything(void) {
    close_range(0, ~0U, 0);
    const pid_t pid = fork();
    if (pid == 0) _exit(7);
    int status = 0;
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static int stops_itself(void) {
    for (int i = 0; i < 3; ++i) {
        const pid_t pid = fork();
        if (pid == 0) {
            raise(i == 0 ? SIGSTOP : i == 1 ? SIGTSTP : SIGTTIN);
            _exit(7);
        }
        int status = 0;
        do {
            kill(pid, SIGCONT);
        } while (waitpid(pid, &status, WNOHANG) == 0 && sched_yield() == 0);
        if (WEXITSTATUS(status) != 7) return 1;
    }
    raise(SIGSTOP);
    return 2;
}

static int traces_itself(void) {
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 && errno == EPERM ? 7 : 1;
}

static int traces_its_child(void) {
    const pid_t pid = fork();
    if (pid == 0) wait_for_ever();
    const int attach = ptrace(PTRACE_ATTACH, pid, NULL, NULL) == -1 && errno == EPERM;
    const int seize = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == -1 && errno == EPERM;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return attach && seize ? 7 : 1;
}

// Names that look like lines of /proc, like the end of a stat line, and like nothing that is text.
static int changes_its_name(void) {
    prctl(PR_SET_NAME, ") R 1 1 (\n\xff\x1b[2J");
    wait_for_ever();
    return 1;
}

static int is_not_dumpable(void) {
    prctl(PR_SET_DUMPABLE, 0);
    wait_for_ever();
    return 1;
}

static int changes_its_user(void) {
    const uid_t uid = getuid();
    setuid(uid + 1);
    setresuid(uid, uid, uid);
    setgid(getgid() + 1);
    return getuid() == uid && geteuid() == uid ? 7 : 1;
}

static int changes_its_pid_namespace(void) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) return 8;
    const pid_t pid = fork();
    if (pid == 0) {
        if (getpid() != 1) _exit(1);
        const pid_t inner = fork();
        if (inner == 0) _exit(5);
        int status = 0;
        waitpid(inner, &status, 0);
        _exit(WEXITSTATUS(status) + 2);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static int install(unsigned flags, unsigned number, unsigned action) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = 4, .filter = code};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int filters_itself(void) {
    if (install(0, SYS_getppid, SECCOMP_RET_ERRNO | EXDEV) != 0) return 1;
    return syscall(SYS_getppid) == -1 && errno == EXDEV ? 7 : 1;
}

static int killed_by_its_filter(void) {
    if (install(0, SYS_getppid, SECCOMP_RET_KILL_PROCESS) != 0) return 1;
    getppid();
    return 1;
}

static void* getppid_thread(void* answer) {
    *(long*)answer = getppid();
    return NULL;
}

// The process asks itself: a thread's getppid is answered by main, through a listener.
static int answers_itself(void) {
    pthread_t thread;
    long answer = 0;
    const int listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_getppid, SECCOMP_RET_USER_NOTIF);
    if (listener < 0) return 1;
    if (pthread_create(&thread, NULL, getppid_thread, &answer) != 0) return 1;
    struct seccomp_notif asked;
    memset(&asked, 0, sizeof asked);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return 2;
    struct seccomp_notif_resp answered = {.id = asked.id, .val = 7};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answered) != 0) return 3;
    pthread_join(thread, NULL);
    return (int)answer;
}

// A thread that reads from a pipe whose only writer it is itself: a hang, were it not for the listener, which
// main may answer in its place. It never does.
static int reads_under_a_listener(void) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    if (install(SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_read, SECCOMP_RET_USER_NOTIF) < 0) return 1;
    char byte;
    return (int)read(ends[0], &byte, 1);
}

static int fills_memory(void) {
    for (;;) {
        char* const block = malloc(16 << 20);
        if (!block) return 7;
        memset(block, 1, 16 << 20);
    }
}

static int fills_tmp(void) {
    static char block[1 << 20];
    const int fd = open("/tmp/full", O_CREAT | O_WRONLY, 0600);
    ssize_t size;
    do {
        size = write(fd, block, sizeof block);
    } while (size > 0);
    return size < 0 && errno == ENOSPC ? 7 : 1;
}

static int writes_a_gigabyte(void) {
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (size_t left = 1UL << 30; left > 0;) {
        const ssize_t size = write(1, block, left < sizeof block ? left : sizeof block);
        if (size <= 0) return 1;
        left -= (size_t)size;
    }
    return 7;
}

static int writes_to_the_terminal(void) {
    const int fd = open("/dev/tty", O_WRONLY);
    if (fd >= 0) dprintf(fd, "a target was here\n");
    return fd < 0 && errno == ENXIO ? 7 : 1;
}

static void* executing_thread(void* unused) {
    (void)unused;
    execl("/bin/sh", "sh", "-c", "exit 7", (char*)NULL);
    _exit(1);
}

// Main comes to its point; a thread executes another program meanwhile.
static int executes_during_a_hold(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, executing_thread, NULL) != 0) return 1;
    held_here();
    wait_for_ever();
    return 2;
}

static int pipe_for_ever[2];

static void* reading_thread(void* unused) {
    take_byte(pipe_for_ever[0]);
    return unused;
}

static void* exiting_thread(void* unused) {
    (void)unused;
    exit(7);
}

// The main thread ends, and others live on.
static int main_thread_ends(void* (*other)(void*)) {
    pthread_t thread;
    if (pipe(pipe_for_ever) != 0 || pthread_create(&thread, NULL, other, NULL) != 0) return 1;
    pthread_exit(NULL);
}

int main(int count, char** arguments) {
    static const struct {
        const char* name;
        int (*run)(void);
    } all[] = {
        {"kills_its_child", kills_its_child},
        {"killed_while_forking", killed_while_forking},
        {"blocks_all_signals", blocks_all_signals},
        {"closes_everything", closes_everything},
        {"stops_itself", stops_itself},
        {"traces_itself", traces_itself},
        {"traces_its_child", traces_its_child},
        {"changes_its_name", changes_its_name},
        {"is_not_dumpable", is_not_dumpable},
        {"changes_its_user", changes_its_user},
        {"changes_its_pid_namespace", changes_its_pid_namespace},
        {"filters_itself", filters_itself},
        {"killed_by_its_filter", killed_by_its_filter},
        {"answers_itself", answers_itself},
        {"reads_under_a_listener", reads_under_a_listener},
        {"fills_memory", fills_memory},
        {"fills_tmp", fills_tmp},
        {"writes_a_gigabyte", writes_a_gigabyte},
        {"writes_to_the_terminal", writes_to_the_terminal},
        {"executes_during_a_hold", executes_during_a_hold},
    };
    if (count != 2) return 98;
    if (!strcmp(arguments[1], "main_thread_ends")) return main_thread_ends(reading_thread);
    if (!strcmp(arguments[1], "main_thread_ends_first")) return main_thread_ends(exiting_thread);
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
        if (!strcmp(arguments[1], all[i].name)) return all[i].run();
    return 99;
}
