#include "sandbox/init.h"

#include <fmt/format.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "host/namespaces.h"
#include "sandbox/descriptors.h"
#include "sandbox/handshake.h"
#include "sandbox/root.h"

namespace rehang {

namespace {

constexpr int set_up_failed = 1;

// Default actions and an empty mask. For pid 1 the default action of every signal is none: only SIGKILL and
// SIGSTOP from outside work on it (pid_namespaces(7)). The launchers inherit this, and pass it on to the
// targets.
void reset_signals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int signal = 1; signal <= SIGRTMAX; ++signal) ::sigaction(signal, &action, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// With the runner's own 0, 1 and 2, or what a launcher opens would get these numbers.
std::vector<int> descriptors_of(const InitWork& work) {
    std::vector<int> all{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, work.handshake};
    for (const LauncherEnds& ends : work.launchers)
        all.insert(all.end(),
                   {ends.launch_read, ends.exec_error_write, ends.stdout_write, ends.stderr_write});
    return all;
}

Expected<void> name_host() {
    constexpr std::string_view name = "rehang";
    if (::sethostname(name.data(), name.size()) != 0) return namespace_failure("can't set the host's name");
    return {};
}

Expected<void> bring_loopback_up() {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return failure("can't make a socket");
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
        return namespace_failure("can't bring the loopback device up");
    return {};
}

// Where user namespaces are made but capabilities in them are not given, it is the first of these that fails
// with EPERM or EACCES.
Expected<void> set_up(const Plan& plan) {
    errno = 0;
    Expected<void> done = name_host();
    if (done) done = bring_loopback_up();
    if (done) done = build_root(plan);
    return done;
}

void fork_launchers(const InitWork& work) {
    const TargetFilter no_filter;
    for (std::uint32_t index = 0; index < work.launchers.size(); ++index) {
        const pid_t pid = ::fork();
        if (pid == 0)
            run_launcher({.process = work.plan.processes[index],
                          .index = index,
                          .limits = work.plan.sandbox,
                          .filter = work.filters.empty() ? no_filter : work.filters[index],
                          .ends = work.launchers[index],
                          .handshake = work.handshake});
        if (pid < 0) {
            const int error = errno;
            report_error(
                work.handshake,
                failure(fmt::format("can't fork for process {}", work.plan.processes[index].name), error)
                    .error());
            ::_exit(set_up_failed);
        }
    }
}

[[noreturn]] void reap_for_ever() {
    for (;;)
        if (::wait(nullptr) < 0 && errno == ECHILD)
            ::pause();  // no process is left that could become our child
}

}  // namespace

void run_init(const InitWork& work) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "rehang-init");
    ::setsid();  // a Ctrl-C is the runner's alone
    reset_signals();
    keep_only_descriptors(descriptors_of(work));
    if (!await_go(work.handshake)) ::_exit(set_up_failed);  // the runner was gone before PR_SET_PDEATHSIG

    if (auto done = set_up(work.plan); !done) {
        report_error(work.handshake, done.error());
        ::_exit(set_up_failed);
    }
    fork_launchers(work);
    keep_only_descriptors({});
    reap_for_ever();
}

}  // namespace rehang
