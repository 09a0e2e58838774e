// Asks a fake /dev/kvm what a QEMU asks, and what only a test does: wild pointers, descriptors that were
// copied, a wait that a signal ends. For this machine and for aarch64, where qemu-user runs it. Ends with 0
// if all answers are right.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { rounds = 40 };

static struct kvm_run* run;
static pthread_t vcpu_thread;
static volatile sig_atomic_t handled;

static void expect(const char* what, long result, long wanted) {
    if (result == wanted) return;
    fprintf(stderr, "%s: %ld, %s; expected %ld\n", what, result, strerror(errno), wanted);
    exit(1);
}

static void expect_error(const char* what, long result, int wanted) {
    const int error = errno;
    expect(what, result, -1);
    if (error == wanted) return;
    fprintf(stderr, "%s: %s; expected %s\n", what, strerror(error), strerror(wanted));
    exit(1);
}

static void leave_guest(int signal) {
    (void)signal;
    run->immediate_exit = 1;
    ++handled;
}

// At any moment: before the vCPU's thread asks, between its two questions, and while it waits.
static void* kick(void* unused) {
    pthread_kill(vcpu_thread, SIGUSR1);
    return unused;
}

static void run_until_signal(int vcpu, int flags) {
    struct sigaction action = {.sa_handler = leave_guest, .sa_flags = flags};
    sigaction(SIGUSR1, &action, NULL);
    vcpu_thread = pthread_self();
    handled = 0;
    for (int i = 0; i < rounds; ++i) {
        pthread_t kicker;
        run->immediate_exit = 0;
        expect("pthread_create", pthread_create(&kicker, NULL, kick, NULL), 0);
        expect_error("KVM_RUN", ioctl(vcpu, KVM_RUN, 0), EINTR);
        pthread_join(kicker, NULL);
        expect("signals", handled, i + 1);
    }
}

static void init(int vm, int vcpu) {
#ifdef __aarch64__
    struct kvm_vcpu_init target = {0};
    expect("KVM_ARM_PREFERRED_TARGET", ioctl(vm, KVM_ARM_PREFERRED_TARGET, &target), 0);
    expect("KVM_ARM_VCPU_INIT", ioctl(vcpu, KVM_ARM_VCPU_INIT, &target), 0);
#else
    (void)vm;
    (void)vcpu;
#endif
}

static void ask_in_child(int vm) {
    const pid_t child = fork();
    if (child == 0) _exit(ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS) > 0 ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    expect("a child's answer", status, 0);
}

static void ask_nonsense(int kvm, int vm) {
    void* const nowhere = (void*)8;
    expect_error("a wild pointer", ioctl(vm, KVM_SET_USER_MEMORY_REGION, nowhere), EFAULT);
    errno = 0;
    expect_error("no such request", ioctl(kvm, _IO(KVMIO, 0x7f), 0), ENOTTY);
    expect_error("a pipe's request of a file", ioctl(STDIN_FILENO, FIONREAD, nowhere), ENOTTY);
    expect_error("no descriptor", ioctl(-1, FIONREAD, nowhere), EBADF);
}

int main(void) {
    const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) expect("open", kvm, 0);
    errno = ENOMEDIUM;
    expect("KVM_GET_API_VERSION", ioctl(kvm, KVM_GET_API_VERSION, 0), 12);
    expect("errno after an answer", errno, ENOMEDIUM);
    const int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    const int vcpu = vm < 0 ? vm : ioctl(vm, KVM_CREATE_VCPU, 0);
    if (vcpu < 0) expect("KVM_CREATE_VCPU", vcpu, 0);
    const int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (run == MAP_FAILED) expect("mmap", -1, 0);
    init(vm, vcpu);
    run_until_signal(vcpu, 0);
    run_until_signal(vcpu, SA_RESTART);
    ask_nonsense(kvm, vm);
    ask_in_child(dup(vm));
    puts("all right");
    return 0;
}
