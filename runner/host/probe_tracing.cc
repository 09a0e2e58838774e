#include <fcntl.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/files.h"
#include "base/unique_fd.h"
#include "host/child.h"
#include "host/namespaces.h"
#include "host/probes.h"

namespace rehang {

namespace {

// A child in a user namespace of its own that waits in read(2) until its owner goes, as a target waits in a
// system call.
class WaitingChild {
  public:
    static Expected<WaitingChild> start() {
        int up[2];
        int down[2];
        if (::pipe2(up, O_CLOEXEC) != 0) return failure("can't make a pipe");
        const UniqueFd up_read(up[0]);
        UniqueFd up_write(up[1]);
        if (::pipe2(down, O_CLOEXEC) != 0) return failure("can't make a pipe");
        const UniqueFd down_read(down[0]);
        UniqueFd down_write(down[1]);
        auto cloned = clone_into_namespaces(CLONE_NEWUSER);
        if (!cloned) return std::unexpected(cloned.error());
        if (cloned->pid == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            down_write.reset();
            char byte = 'r';
            if (::write(up_write.get(), &byte, 1) != 1) ::_exit(1);
            ::_exit(::read(down_read.get(), &byte, 1) == 0 ? 0 : 1);
        }
        up_write.reset();
        WaitingChild child;
        child.pid_ = cloned->pid;
        child.alive_ = std::move(down_write);
        char byte = 0;
        if (::read(up_read.get(), &byte, 1) != 1) return failure("a child ended at once", ECHILD);
        return child;
    }
    WaitingChild(WaitingChild&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)), alive_(std::move(other.alive_)) {}
    WaitingChild& operator=(WaitingChild&&) = delete;
    ~WaitingChild() {
        if (pid_ < 0) return;
        ::kill(pid_, SIGKILL);
        reap(pid_);
    }
    pid_t pid() const { return pid_; }

  private:
    WaitingChild() = default;
    pid_t pid_ = -1;
    UniqueFd alive_;  // its closing ends the child
};

// The process that traces this one, and so also all that it starts (PTRACE_O_TRACEFORK); 0: none.
int own_tracer() {
    const std::string status = read_file_or_empty("/proc/self/status");
    const size_t line = status.find("TracerPid:");
    return line == std::string::npos ? 0 : std::atoi(status.c_str() + line + std::strlen("TracerPid:"));
}

std::string ptrace_fix() {
    if (own_tracer() != 0 || is_target_of_rehang())
        return "start it outside of strace, gdb or another rehang: a process can have one tracer";
    const std::string scope = read_file_or_empty("/proc/sys/kernel/yama/ptrace_scope");
    switch (std::atoi(scope.c_str())) {
        case 0:
            return "inside a container, start it with --cap-add SYS_PTRACE --security-opt seccomp=unconfined";
        case 3:
            return "kernel.yama.ptrace_scope is 3, which only a restart with a lower value undoes "
                   "(/etc/sysctl.d)";
        default:
            return "allow it: sudo sysctl kernel.yama.ptrace_scope=1";
    }
}

// process_vm_readv(2) of a constant of our own, which the child has at the same address.
int read_memory_of(pid_t pid) {
    static const std::array<char, 8> original{"rehang!"};
    std::array<char, 8> copy{};
    iovec local{.iov_base = copy.data(), .iov_len = copy.size()};
    iovec remote{.iov_base = const_cast<char*>(original.data()), .iov_len = original.size()};
    if (::process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0) return errno;
    return copy == original ? 0 : EIO;
}

Ability schedstat_of(pid_t pid) {
    // "RUN_NS WAIT_NS TIMES": stays 0 without CONFIG_SCHED_INFO. The child has been running, or we would not
    // be here.
    const std::string text = read_file_or_empty(fmt::format("/proc/{}/schedstat", pid));
    const bool counts = std::strtoull(text.c_str(), nullptr, 10) > 0;
    return {.name = "schedstat",
            .ok = counts,
            .use = Ability::Use::sometimes,
            .detail = counts ? "counts" : "does not count; hangs are told from CPU times instead",
            .fix = counts
                       ? ""
                       : "use a kernel with CONFIG_SCHED_INFO (CONFIG_SCHEDSTATS or CONFIG_TASK_DELAY_ACCT)"};
}

// Not inlined: its first instruction is where the breakpoint sits.
[[gnu::noinline]] void break_here() {
    asm volatile("" ::: "memory");
}

// As wide as a return address, which is what a register watches where a function is to be left.
alignas(8) volatile std::uint64_t watched = 0;

[[noreturn]] void run_into_breakpoint() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(errno);
    ::raise(SIGSTOP);
    watched = 1;
    break_here();
    ::_exit(0);
}

int set_debug_register(pid_t pid, size_t index, unsigned long value) {
    const size_t at = offsetof(user, u_debugreg) + index * sizeof(unsigned long);
    return ::ptrace(PTRACE_POKEUSER, pid, at, value) == 0 ? 0 : errno;
}

// Lets a stopped child run. 0 if it stops at a breakpoint next.
int run_to_breakpoint(pid_t pid) {
    int status = 0;
    if (::ptrace(PTRACE_CONT, pid, nullptr, nullptr) != 0) return errno;
    if (::waitpid(pid, &status, 0) != pid) return errno;
    return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP ? 0 : ENODATA;
}

// Sets all four registers in a stopped child, lets it run, and sees whether it stops where two of them say:
// some virtual machines take the registers and never trap, and somebody else may use some of them.
int hit_breakpoints(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid) return ECHILD;
    if (!WIFSTOPPED(status)) return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;  // it says why
    const auto code = reinterpret_cast<unsigned long>(&break_here);
    const auto data = reinterpret_cast<unsigned long>(&watched);
    const std::array<unsigned long, 4> addresses = {code, data, code + 1, code + 2};
    for (size_t i = 0; i < addresses.size(); ++i)
        if (const int error = set_debug_register(pid, i, addresses[i])) return error;
    // DR7: L0 to L3; R/W1 and LEN1: eight bytes read or written. The others' are 0: execution.
    constexpr unsigned long enable_all = 0b0101'0101 | 0b1011UL << 20;
    if (const int error = set_debug_register(pid, 7, enable_all)) return error;
    if (const int error = run_to_breakpoint(pid)) return error;
    return run_to_breakpoint(pid);
}

// A filter that gives `action` to getppid(2) and allows all the rest. Returns what seccomp(2) returned.
long filter_getppid(unsigned action, unsigned flags) {
    std::array<sock_filter, 4> code{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog program{.len = code.size(), .filter = code.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

constexpr const char* seccomp_fix =
    "use a kernel with CONFIG_SECCOMP_FILTER; inside a container, start it with --security-opt "
    "seccomp=unconfined";

}  // namespace

std::vector<Ability> probe_watching() {
    const auto child = WaitingChild::start();
    if (!child)
        return {{.name = "watching a process in a user namespace",
                 .ok = false,
                 .detail = child.error().what,
                 .fix = child.error().hint}};
    const pid_t pid = child->pid();
    const int memory = read_memory_of(pid);
    const auto calls = read_file(fmt::format("/proc/{}/syscall", pid));
    const Ability schedstat = schedstat_of(pid);
    const int seize = ::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0 ? 0 : errno;
    Ability ptrace =
        ability_from("ptrace", seize, "PTRACE_SEIZE of a child in a user namespace", ptrace_fix());
    if (!ptrace.ok && is_target_of_rehang()) ptrace.detail = "another rehang traces all that runs here";
    if (!ptrace.ok && own_tracer() != 0)
        ptrace.detail = fmt::format("process {} traces this one", own_tracer());
    return {std::move(ptrace),
            ability_from("process_vm_readv", memory, "reads a child in a user namespace", ptrace_fix()),
            {.name = "/proc/PID/syscall",
             .ok = calls.has_value(),
             .detail = calls ? "readable" : calls.error().what,
             .fix = calls ? "" : ptrace_fix()},
            schedstat};
}

Ability probe_hardware_breakpoint() {
    constexpr const char* name = "hardware breakpoints";
    constexpr const char* fix =
        "run on a machine that passes its debug registers on: outside of gVisor and WSL 1, not under an "
        "emulator";
    const pid_t pid = ::fork();
    if (pid < 0) return ability_from(name, errno, {}, "end some processes, or raise ulimit -u");
    if (pid == 0) run_into_breakpoint();
    const int error = hit_breakpoints(pid);
    ::kill(pid, SIGKILL);
    reap(pid);
    Ability ability = ability_from(name, error, "four for each thread, hit at code and at data", fix);
    ability.use = Ability::Use::breakpoints;
    if (error == ENODATA) ability.detail = "were set, and not hit";
    if (error == ENOSPC) ability.detail = "something else uses some of the four";
    if (error == EPERM) ability.fix = ptrace_fix();
    return ability;
}

Ability probe_seccomp_trace() {
    const int error = try_in_child([] {
        if (filter_getppid(SECCOMP_RET_TRACE, 0) != 0) return errno;
        // Without a tracer the kernel answers ENOSYS (seccomp(2)).
        return ::syscall(SYS_getppid) == -1 && errno == ENOSYS ? 0 : EIO;
    });
    return ability_from("seccomp filters", error, "SECCOMP_RET_TRACE", seccomp_fix);
}

Ability probe_seccomp_notification() {
    const int error = try_in_child([] {
        constexpr unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        const long listener = filter_getppid(SECCOMP_RET_USER_NOTIF, flags);
        if (listener < 0) return errno;
        // It comes to the runner as a copy.
        const UniqueFd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
        if (!self) return errno;
        return ::syscall(SYS_pidfd_getfd, self.get(), listener, 0) >= 0 ? 0 : errno;
    });
    Ability ability = ability_from("seccomp user notification", error, "a listener", seccomp_fix);
    ability.use = Ability::Use::sometimes;
    return ability;
}

}  // namespace rehang
