// What the supervisor's tests supervise: one small behaviour for each first argument.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

extern "C" {
__attribute__((noinline)) int answer() {
    asm volatile("");
    return 1;
}
__attribute__((noinline)) void main_marker() {
    asm volatile("");
}
__attribute__((noinline)) void thread_marker() {
    asm volatile("");
}
}

// `int1` right before a function: what a breakpoint looks like of which the processor does not say that it
// was one.
extern "C" void trap_before_marker();
extern "C" void trapped_marker();
asm(R"(
    .text
    .type trap_before_marker, @function
trap_before_marker:
    .byte 0xf1
    .size trap_before_marker, . - trap_before_marker
    .type trapped_marker, @function
trapped_marker:
    ret
    .size trapped_marker, . - trapped_marker
)");

static int constructed = 0;
__attribute__((constructor)) static void construct() {
    constructed = answer();
}

static void say(const char* text) {
    if (write(1, text, strlen(text)) < 0) _exit(9);
}

static void* marked_thread(void*) {
    thread_marker();
    say("t");
    return nullptr;
}

// Main and a thread each pass their marker and write a letter.
static int race() {
    pthread_t thread;
    pthread_create(&thread, nullptr, marked_thread, nullptr);
    main_marker();
    say("m");
    pthread_join(thread, nullptr);
    return 0;
}

static pid_t child(void (*body)()) {
    const pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
    return pid;
}

static void nothing() {}
static void grandchild() {
    waitpid(child(nothing), nullptr, 0);
}
static void* forking_thread(void*) {
    waitpid(child(nothing), nullptr, 0);
    return nullptr;
}

// One of each way to have a child, one after the other.
static int family() {
    waitpid(child(grandchild), nullptr, 0);
    pid_t spawned;
    char name[] = "true";
    char* arguments[] = {name, nullptr};
    if (posix_spawn(&spawned, "/bin/true", nullptr, nullptr, arguments, environ) == 0)
        waitpid(spawned, nullptr, 0);
    pthread_t thread;
    pthread_create(&thread, nullptr, forking_thread, nullptr);
    pthread_join(thread, nullptr);
    return 0;
}

// Its children end with it, also those of whose birth nobody was told any more.
static int swarm() {
    const pid_t parent = getpid();
    for (int i = 0; i < 100; ++i)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent) _exit(0);
            for (;;) pause();
        }
    return 0;
}

static int spam() {
    char block[1000];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 1000; ++i)
        if (write(1, block, sizeof block) < 0) return 1;
    return 0;
}

static int armed_alarm() {
    alarm(1000);
    main_marker();
    for (;;) pause();
}

static void on_signal(int) {
    say("s");
}
static int signalled() {
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    main_marker();
    say("m");
    return 3;
}

static int calls() {
    syscall(SYS_close, 0x1ffffff85ul);  // -123 to the kernel, which looks at an int
    syscall(SYS_lseek, 1, 0x1000000001ul, 7);
    return 0;
}

// Makes some kinds of files in an empty folder, one of them twice.
static int files(const char* folder) {
    if (chdir(folder) != 0) return 97;
    close(open("a", O_WRONLY | O_CREAT | O_EXCL, 0600));
    close(open("a", O_WRONLY | O_CREAT, 0600));
    mkdir("folder", 0700);
    symlink("nowhere", "link");
    rename("a", "moved");
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, "socket");
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address);
    say("1");
    link("moved", "a");
    say("2");
    return 0;
}

extern "C" {
// Called once for each number, whatever the optimiser thinks of it.
__attribute__((noipa)) int countdown(int n);
static int (*volatile count_on)(int) = countdown;
int countdown(int n) {
    say(n == 0 ? "0" : "n");
    return n == 0 ? 0 : 1 + count_on(n - 1);
}
static jmp_buf out;
static int thrown = 0;
// Goes out by return, by longjmp or by an exception.
__attribute__((noinline)) void ways_out(int how) {
    asm volatile("");
    if (how == 1) longjmp(out, 1);
    if (how == 2) throw 1;
}
__attribute__((noinline)) void deep_ways_out(int how) {
    volatile char frame[1000];
    frame[0] = 0;
    ways_out(how);
    frame[1] = 0;
}
}

// The function is left by return only at the end, from less deep in the stack than the jump started.
static int leaving() {
    if (setjmp(out) == 0) ways_out(1);
    say("j");
    if (setjmp(out) == 0) deep_ways_out(1);
    say("d");
    try {
        deep_ways_out(2);
    } catch (int) {
        ++thrown;
    }
    say("c");
    ways_out(0);  // a line to stop at
    say("r");
    countdown(3);
    say("!");
    return 0;
}

// Loads a library, calls it, unloads it, takes its place, loads it again.
static int loading(const char* library) {
    void* taken = nullptr;
    for (int i = 0; i < 2; ++i) {
        void* handle = dlopen(library, RTLD_NOW);
        if (!handle) return 97;
        int (*late)() = reinterpret_cast<int (*)()>(dlsym(handle, "late_function"));
        if (!late) return 98;
        const unsigned long page = reinterpret_cast<unsigned long>(late) & ~4095ul;
        if (late() != 7) return late();
        if (page == reinterpret_cast<unsigned long>(taken)) return 99;
        dlclose(handle);
        taken = mmap(reinterpret_cast<void*>(page), 4096, PROT_READ,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    }
    return 0;
}

// Both write; who comes first is seen by who reads what.
static int fork_race(const char* child_lives) {
    const pid_t pid = fork();
    if (pid == 0) {
        say("c");
        if (!strcmp(child_lives, "on")) say("C");
        _exit(0);
    }
    say("p");
    waitpid(pid, nullptr, 0);
    return 0;
}
static int fork_and_wait() {
    const pid_t pid = fork();
    if (pid == 0) {
        say("c");
        _exit(0);
    }
    waitpid(pid, nullptr, 0);
    say("w");
    return 0;
}

static int turn = 0;  // a futex's word
static void wait_for_turn() {
    while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == 0)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
}
static void* signalling_thread(void*) {
    raise(SIGUSR1);
    wait_for_turn();
    return nullptr;
}
// A thread signals itself; main writes meanwhile.
static int signalled_thread() {
    signal(SIGUSR1, on_signal);
    pthread_t thread;
    pthread_create(&thread, nullptr, signalling_thread, nullptr);
    say("m");
    __atomic_store_n(&turn, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    pthread_join(thread, nullptr);
    return 0;
}

// Executes the shell with a script, the script by its own path, and this program again.
static int exec_chain(const char* program) {
    char folder[] = "/tmp/rehang-test-XXXXXX";
    if (!mkdtemp(folder)) return 97;
    char path[sizeof folder + 8];
    snprintf(path, sizeof path, "%s/script", folder);
    FILE* script = fopen(path, "w");
    if (!script) return 97;
    fprintf(script, "#!/bin/sh\nrm -r %s\nexec %s answer\n", folder, program);
    fclose(script);
    chmod(path, 0755);
    execl("/bin/sh", "sh", "-c", "exec \"$0\"", path, nullptr);
    return 97;
}

static int stopped() {
    const pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        _exit(5);
    }
    int status;
    waitpid(pid, &status, WUNTRACED);
    if (!WIFSTOPPED(status)) return 1;
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

// Long enough for several looks at it, with calls that change nothing, some that sleep, and a signal handler.
static volatile int handled = 0;
static void count_signal(int) {
    handled = handled + 1;
}
static volatile sig_atomic_t worked_enough;
static void end_work(int) {
    worked_enough = 1;
}

// Until somebody who has seen enough of it says so.
static int work() {
    signal(SIGUSR1, count_signal);
    signal(SIGUSR2, end_work);
    main_marker();
    int raised = 0;
    unsigned long sum = 1;
    const timespec nap = {0, 1000};
    for (int round = 0; !worked_enough; ++round) {
        for (int i = 0; i < 100000; ++i) sum = sum * 3 + 1;
        sched_yield();
        if (nanosleep(&nap, nullptr) != 0 && !worked_enough) return 1;
        if (round % 50 == 0) raised += raise(SIGUSR1) == 0;
    }
    if (handled != raised) return 2;
    say("done");
    return sum == 0 ? 3 : 7;
}

int main(int, char** arguments) {
    const char* mode = arguments[1];
    if (!strcmp(mode, "race")) return race();
    if (!strcmp(mode, "answer")) return constructed * 10 + answer();
    if (!strcmp(mode, "family")) return family();
    if (!strcmp(mode, "swarm")) return swarm();
    if (!strcmp(mode, "spam")) return spam();
    if (!strcmp(mode, "alarm")) return armed_alarm();
    if (!strcmp(mode, "signal")) return signalled();
    if (!strcmp(mode, "leaving")) return leaving();
    if (!strcmp(mode, "loading")) return loading(arguments[2]);
    if (!strcmp(mode, "fork_race")) return fork_race(arguments[2]);
    if (!strcmp(mode, "fork_and_wait")) return fork_and_wait();
    if (!strcmp(mode, "calls")) return calls();
    if (!strcmp(mode, "files")) return files(arguments[2]);
    if (!strcmp(mode, "signal_thread")) return signalled_thread();
    if (!strcmp(mode, "exec_chain")) return exec_chain(arguments[0]);
    if (!strcmp(mode, "stop")) return stopped();
    if (!strcmp(mode, "work")) return work();
    if (!strcmp(mode, "trap")) {
        trap_before_marker();
        trapped_marker();
        return 7;
    }
    if (!strcmp(mode, "exec")) {
        execl("/proc/self/exe", "target", "answer", nullptr);
        return 99;
    }
    if (!strcmp(mode, "abort")) raise(SIGABRT);
    return 98;
}
