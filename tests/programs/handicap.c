// handicap WHAT… -- PROGRAM ARGUMENT…
//
// Runs a program on a host that lacks something, as it looks from inside: a kernel without a feature, a
// container or a security module that forbids one. User namespaces are taken away by the kernel's own limit
// (user_namespaces(7)), devices by a /dev without them, everything else by a seccomp filter that answers what
// such a host answers.
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Noreturn void fail(const char* what) {
    perror(what);
    exit(99);
}

struct refusal {
    const char* handicap;
    const char* call;
    int error;
    int argument;        // -1: always; otherwise only if this argument …
    scmp_datum_t mask;   // … has in these bits …
    scmp_datum_t value;  // … this value
};

// No two of one handicap name the same call without an argument.
static const struct refusal refusals[] = {
    // Ubuntu 24.04: kernel.apparmor_restrict_unprivileged_userns lets user namespaces be made, and gives no
    // capabilities in them.
    {"restricted-user-namespaces", "sethostname", EPERM, -1, 0, 0},
    {"restricted-user-namespaces", "mount", EACCES, -1, 0, 0},
    {"restricted-user-namespaces", "mount_setattr", EPERM, -1, 0, 0},
    {"restricted-user-namespaces", "open_tree", EPERM, -1, 0, 0},
    {"restricted-user-namespaces", "move_mount", EPERM, -1, 0, 0},
    {"restricted-user-namespaces", "pivot_root", EPERM, -1, 0, 0},
    {"no-clone3", "clone3", ENOSYS, -1, 0, 0},                // Linux before 5.3, and old container runtimes
    {"no-mount-setattr", "mount_setattr", ENOSYS, -1, 0, 0},  // Linux before 5.12
    {"no-ptrace", "ptrace", EPERM, -1, 0, 0},  // yama.ptrace_scope, a container without SYS_PTRACE
    {"no-breakpoints", "ptrace", EIO, 0, ~0UL, PTRACE_POKEUSER},  // gVisor, some emulators
    {"no-process-vm-readv", "process_vm_readv", ENOSYS, -1, 0, 0},
    {"no-kcmp", "kcmp", ENOSYS, -1, 0, 0},               // CONFIG_KCMP
    {"no-seccomp", "seccomp", EINVAL, -1, 0, 0},         // CONFIG_SECCOMP_FILTER
    {"no-pidfd-getfd", "pidfd_getfd", EPERM, -1, 0, 0},  // container profiles older than the call, Linux 5.6
    {"no-notification", "seccomp", EINVAL, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER,
     SECCOMP_FILTER_FLAG_NEW_LISTENER},  // Linux before 5.0
};

static void write_text(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) fail(path);
    close(fd);
}

static void enter_namespaces(int kinds) {
    char user_map[64];
    char group_map[64];
    snprintf(user_map, sizeof user_map, "%u %u 1", geteuid(), geteuid());
    snprintf(group_map, sizeof group_map, "%u %u 1", getegid(), getegid());
    if (unshare(CLONE_NEWUSER | kinds) != 0) fail("unshare");
    write_text("/proc/self/uid_map", user_map);
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/gid_map", group_map);
}

// In a user namespace of our own the limits can be set, and hold for all below it, without privileges.
static void forbid_user_namespaces(void) {
    enter_namespaces(0);
    write_text("/proc/sys/user/max_user_namespaces", "0");
}

// A container's /dev: null is there, /dev/kvm is not.
static void take_devices_away(void) {
    enter_namespaces(CLONE_NEWNS);
    const int null = (int)syscall(SYS_open_tree, AT_FDCWD, "/dev/null", OPEN_TREE_CLONE);
    if (null < 0) fail("open_tree");
    if (mount("handicap", "/dev", "tmpfs", 0, NULL) != 0) fail("mount");
    write_text("/dev/null", "");
    if (syscall(SYS_move_mount, null, "", AT_FDCWD, "/dev/null", MOVE_MOUNT_F_EMPTY_PATH) != 0)
        fail("move_mount");
    close(null);
}

static int refuse(scmp_filter_ctx filter, const char* handicap) {
    int rules = 0;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; ++i) {
        const struct refusal* const r = &refusals[i];
        if (strcmp(r->handicap, handicap) != 0) continue;
        const int call = seccomp_syscall_resolve_name(r->call);
        const struct scmp_arg_cmp same = {(unsigned)(r->argument < 0 ? 0 : r->argument), SCMP_CMP_MASKED_EQ,
                                          r->mask, r->value};
        const int failed =
            r->argument < 0
                ? seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((unsigned)r->error), call, 0, NULL)
                : seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((unsigned)r->error), call, 1, &same);
        if (failed != 0) {
            errno = -failed;
            fail(r->call);
        }
        ++rules;
    }
    return rules;
}

int main(int argc, char** argv) {
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL) fail("seccomp_init");
    int rules = 0;
    int at = 1;
    for (; at < argc && strcmp(argv[at], "--") != 0; ++at) {
        if (strcmp(argv[at], "no-user-namespaces") == 0) {
            forbid_user_namespaces();
            continue;
        }
        if (strcmp(argv[at], "no-devices") == 0) {
            take_devices_away();
            continue;
        }
        const int added = refuse(filter, argv[at]);
        if (added == 0) {
            fprintf(stderr, "handicap: unknown: %s\n", argv[at]);
            return 99;
        }
        rules += added;
    }
    if (at + 1 >= argc) {
        fprintf(stderr, "usage: handicap WHAT... -- PROGRAM ARGUMENT...\n");
        return 99;
    }
    if (rules > 0 && seccomp_load(filter) != 0) fail("seccomp_load");
    execv(argv[at + 1], argv + at + 1);
    fail(argv[at + 1]);
}
