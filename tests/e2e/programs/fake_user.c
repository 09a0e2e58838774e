// Uses /dev/kvm as programs may: what it does is its first argument. It prints what the test expects.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "/dev/kvm"

// A preloaded library sees calls of the C library's function only.
#ifdef BY_FUNCTION
#define call_ioctl ioctl
#else
#define call_ioctl(...) syscall(SYS_ioctl, __VA_ARGS__)
#endif

static const char* error_of(long result) {
    return result < 0 ? strerrorname_np(errno) : "no error";
}

static int checked(long result, const char* what) {
    if (result >= 0) return (int)result;
    printf("%s: %s\n", what, error_of(result));
    exit(1);
}

static int open_device(void) {
    return checked(syscall(SYS_openat, AT_FDCWD, DEVICE, O_RDWR | O_CLOEXEC), "open");
}

static int version_of(int device) {
    return (int)call_ioctl(device, KVM_GET_API_VERSION, 0);
}

static void print_version(const char* by, int device) {
    const int version = version_of(device);
    printf("%s: %d %s\n", by, version, error_of(version));
    fflush(stdout);
}

static int wait_for(pid_t child) {
    int status = 0;
    checked(waitpid(child, &status, 0), "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// How descriptors travel.

static int by_descriptors(const char* program) {
    const int first = open_device();
    print_version("open", first);
    const int copy = dup(first);
    close(first);
    print_version("closed", first);
    print_version("dup", copy);
    const pid_t child = fork();
    if (child == 0) {
        print_version("fork", copy);
        char number[16];
        const int vm = ioctl(copy, KVM_CREATE_VM, 0);
        snprintf(number, sizeof number, "%d", vm);
        checked(fcntl(vm, F_GETFD) & FD_CLOEXEC ? 0 : -1, "a VM is not closed by execve");
        snprintf(number, sizeof number, "%d", copy);  // dup(2) has cleared its FD_CLOEXEC
        execl(program, program, "executed", number, NULL);
        _exit(1);
    }
    const int status = wait_for(child);
    close(copy);
    return status;
}

static void send_descriptor(int socket, int descriptor) {
    char byte = 0;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    checked(sendmsg(socket, &message, 0), "sendmsg");
}

static int receive_descriptor(int socket) {
    char byte = 0;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    checked(recvmsg(socket, &message, 0), "recvmsg");
    int descriptor = -1;
    memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptor);
    return descriptor;
}

// It is sent, and nobody has it open while it is under way.
static int by_socket(void) {
    int ends[2];
    checked(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
    const int device = open_device();
    send_descriptor(ends[0], device);
    close(device);
    const pid_t child = fork();
    if (child == 0) {
        print_version("received", receive_descriptor(ends[1]));
        _exit(0);
    }
    close(ends[0]);
    close(ends[1]);
    return wait_for(child);
}

static int by_relative_path(void) {
    checked(chdir("/dev"), "chdir");
    print_version("relative", checked(open("kvm", O_RDWR), "open"));
    print_version("dots", checked(open("../dev/./kvm", O_RDWR), "open"));
    const int folder = checked(open("/dev", O_PATH), "open");
    print_version("in a folder", checked(openat(folder, "kvm", O_RDWR), "openat"));
    printf("folder: %s\n", error_of(open("kvm", O_RDONLY | O_DIRECTORY)));
    printf("new: %s\n", error_of(open("kvm", O_RDWR | O_CREAT | O_EXCL, 0600)));
    return 0;
}

static int status_of_device(void) {
    struct stat status;
    checked(stat(DEVICE, &status), "stat");
    printf("stat: character device %d, %u:%u\n", S_ISCHR(status.st_mode) != 0, major(status.st_rdev),
           minor(status.st_rdev));
    checked(fstat(open_device(), &status), "fstat");
    printf("fstat: character device %d\n", S_ISCHR(status.st_mode) != 0);
    struct statx more;
    checked(statx(AT_FDCWD, DEVICE, 0, STATX_BASIC_STATS, &more), "statx");
    printf("statx: character device %d\n", S_ISCHR(more.stx_mode) != 0);
    printf("access: %s, to execute: %s\n", error_of(access(DEVICE, R_OK | W_OK)),
           error_of(access(DEVICE, X_OK)));
    printf("nowhere: %s\n", error_of(stat(DEVICE, (struct stat*)16)));
    return 0;
}

// Addresses where nothing is, of the kernel, and at the end of what is there.
static int wild_pointers(void) {
    const int device = open_device();
    const int vm = checked(ioctl(device, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
    char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    const uintptr_t wild[] = {0, 8, (uintptr_t)page + 4092, UINT64_C(0xffff888000000000), UINT64_MAX};
    for (size_t i = 0; i < sizeof wild / sizeof wild[0]; ++i)
        printf("%s %s\n", error_of(call_ioctl(device, KVM_GET_MSR_INDEX_LIST, wild[i])),
               error_of(call_ioctl(vm, KVM_SET_USER_MEMORY_REGION, wild[i])));
    return 0;
}

// A vCPU that waits.

struct vcpu {
    int descriptor;
    struct kvm_run* run;
};

static struct vcpu make_vcpu(void) {
    const int device = open_device();
    const int vm = checked(ioctl(device, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
    const int vcpu = checked(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
    const int size = checked(ioctl(device, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
    struct kvm_run* run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (run == MAP_FAILED) checked(-1, "mmap");
    return (struct vcpu){vcpu, run};
}

static volatile sig_atomic_t signals;
static void count_signal(int number) {
    (void)number;
    ++signals;
}

static void on_signal(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    checked(sigaction(number, &action, NULL), "sigaction");
}

static struct vcpu running;
static long run_result;
static int run_errno;
static void* run_vcpu(void* unused) {
    (void)unused;
    run_result = call_ioctl(running.descriptor, KVM_RUN, 0);
    run_errno = errno;
    return NULL;
}

// The signal may come before the thread waits, and while it does.
static int wait_for_signal(void) {
    on_signal(SIGUSR1, count_signal, SA_RESTART);
    running = make_vcpu();
    for (int i = 0; i < 20; ++i) {
        pthread_t thread;
        run_errno = 0;
        checked(-pthread_create(&thread, NULL, run_vcpu, NULL), "pthread_create");
        // Until the thread has ended: a signal that comes before the call has no effect on it.
        while (pthread_tryjoin_np(thread, NULL) != 0) pthread_kill(thread, SIGUSR1), sched_yield();
        if (run_result != -1 || run_errno != EINTR) return 1;
    }
    printf("interrupted each time\n");
    running.run->immediate_exit = 1;
    run_vcpu(NULL);
    printf("at once: %s\n", strerrorname_np(run_errno));
    return 0;
}

static int wait_for_ever(void) {
    const struct vcpu vcpu = make_vcpu();
    printf("waits\n");
    fflush(stdout);
    return (int)call_ioctl(vcpu.descriptor, KVM_RUN, 0);
}

// Signals and ends.

enum { enough_signals = 20 };

// On a busy machine signals that come for ever would leave no time for anything else.
static void count_alarm(int number) {
    const struct itimerval never = {{0, 0}, {0, 0}};
    count_signal(number);
    if (signals == enough_signals) setitimer(ITIMER_REAL, &never, NULL);
}

static int under_signals(void) {
    on_signal(SIGALRM, count_alarm, 0);  // without SA_RESTART
    const struct itimerval often = {{0, 500}, {0, 500}};
    setitimer(ITIMER_REAL, &often, NULL);
    int failed = 0;
    for (int i = 0; i < 100 || signals < enough_signals; ++i) {
        const int device = (int)syscall(SYS_openat, AT_FDCWD, DEVICE, O_RDWR);
        failed += device < 0 || version_of(device) != KVM_API_VERSION;
        const int vm = (int)call_ioctl(device, KVM_CREATE_VM, 0);
        failed += vm < 0 || access(DEVICE, F_OK) != 0;
        close(vm);
        close(device);
    }
    printf("%d failed\n", failed);
    return 0;
}

// Killed at any moment of a call that the runner is asked about.
static int killed_in_calls(void) {
    for (int i = 0; i < 60; ++i) {
        int ends[2];
        checked(pipe(ends), "pipe");
        const pid_t child = fork();
        if (child == 0) {
            for (;;) {
                const int vm = ioctl(open(DEVICE, O_RDWR), KVM_CREATE_VM, 0);
                if (write(ends[1], "", 1) != 1 || vm < 0) _exit(1);
                close(vm);
                close(vm - 1);
            }
        }
        char byte;
        for (int calls = 0; calls <= i % 4; ++calls) checked(read(ends[0], &byte, 1), "read");
        kill(child, SIGKILL);
        if (wait_for(child) != 128 + SIGKILL) return 1;
        close(ends[0]);
        close(ends[1]);
    }
    printf("all killed\n");
    return 0;
}

static int unknown_requests(void) {
    const int device = open_device();
    for (int i = 0; i < 2; ++i) printf("%s\n", error_of(call_ioctl(device, 0xaeff, 0)));
    printf("%s\n", error_of(call_ioctl(device, TIOCGWINSZ, 0)));
    return 0;
}

// More than there could be at once.
static int one_after_the_other(void) {
    const int device = open_device();
    for (int i = 0; i < 2100; ++i) {
        const int vm = checked(ioctl(device, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
        close(checked(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU"));
        close(vm);
    }
    printf("all there\n");
    return 0;
}

static int until_it_fails(void) {
    const int device = open_device();
    while (version_of(device) == KVM_API_VERSION) {
    }
    return 0;
}

static int without_descriptors(void) {
    const int device = open_device();
    int last = device;
    while (last >= 0) last = dup(device);
    printf("%s\n", error_of(open(DEVICE, O_RDWR)));
    printf("%s\n", error_of(ioctl(device, KVM_CREATE_VM, 0)));
    return 0;
}

#ifdef __x86_64__
static long int80(long number, long first, long second, long third) {
    long answer;
    __asm__ volatile("int $0x80"
                     : "=a"(answer)
                     : "a"(number), "b"(first), "c"(second), "d"(third)
                     : "memory", "r8", "r9", "r10", "r11");
    return answer;
}
#endif

static int by_int80(void) {
    enum { i386_open = 5, i386_ioctl = 54 };
    char* low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    strcpy(low, DEVICE);
    const long device = int80(i386_open, (long)low, O_RDWR, 0);
    printf("int80: %ld\n", int80(i386_ioctl, device, KVM_GET_API_VERSION, 0));
    return 0;
}

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "executed") == 0) return print_version("executed", atoi(argv[2])), 0;
    if (strcmp(what, "descriptors") == 0) return by_descriptors(argv[0]);
    if (strcmp(what, "socket") == 0) return by_socket();
    if (strcmp(what, "paths") == 0) return by_relative_path();
    if (strcmp(what, "status") == 0) return status_of_device();
    if (strcmp(what, "wild") == 0) return wild_pointers();
    if (strcmp(what, "signal") == 0) return wait_for_signal();
    if (strcmp(what, "for-ever") == 0) return wait_for_ever();
    if (strcmp(what, "timer") == 0) return under_signals();
    if (strcmp(what, "killed") == 0) return killed_in_calls();
    if (strcmp(what, "unknown") == 0) return unknown_requests();
    if (strcmp(what, "many") == 0) return one_after_the_other();
    if (strcmp(what, "until-it-fails") == 0) return until_it_fails();
    if (strcmp(what, "full") == 0) return without_descriptors();
    if (strcmp(what, "int80") == 0) return by_int80();
    return 2;
}
