#include "sandbox/launcher.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "base/files.h"
#include "host/search_path.h"
#include "sandbox/capabilities.h"
#include "sandbox/descriptors.h"
#include "sandbox/handshake.h"

namespace rehang {

namespace {

constexpr int launch_failed = 127;  // as shells say it

Expected<void> connect_standard_descriptors(const LauncherEnds& ends) {
    const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!nothing) return failure("can't open /dev/null");
    if (::dup2(nothing.get(), STDIN_FILENO) < 0 || ::dup2(ends.stdout_write, STDOUT_FILENO) < 0 ||
        ::dup2(ends.stderr_write, STDERR_FILENO) < 0)
        return failure("can't connect the standard input and output");
    return {};
}

Expected<void> limit(decltype(RLIMIT_AS) resource, const char* name, rlim_t value) {
    const rlimit both{.rlim_cur = value, .rlim_max = value};
    if (::setrlimit(resource, &both) != 0) return failure(fmt::format("can't limit {} to {}", name, value));
    return {};
}

Expected<void> limit_resources(const PlannedSandbox& limits) {
    constexpr rlim_t open_files = 1024;
    if (auto set = limit(RLIMIT_CORE, "core dumps", 0); !set) return set;
    if (auto set = limit(RLIMIT_NOFILE, "open files", open_files); !set) return set;
    // The runner counts births, and ends the run at the limit; this holds what it may fail to see. (Counted
    // for each user namespace since Linux 5.14. The kernel never refuses the host's root a process.)
    if (auto set = limit(RLIMIT_NPROC, "processes and threads", rlim_t{limits.pids} * 2); !set) return set;
    return write_file("/proc/self/oom_score_adj", "1000");  // the first to go, long before the runner
}

Expected<void> enter_folder(const std::string& folder) {
    if (::chdir(folder.c_str()) != 0) return failure(fmt::format("can't change to the folder {}", folder));
    return {};
}

// Nothing of the runner's environment: a run must not depend on who started it.
void set_environment(const PlannedProcess& process) {
    ::clearenv();
    const auto set = [](const std::string& name, const std::string& value) {
        ::setenv(name.c_str(), value.c_str(), 1);
    };
    set("PATH", search_path);
    set("HOME", "/tmp");
    set("LANG", "C.UTF-8");
    set("TERM", "dumb");
    for (const auto& [name, value] : process.env) set(name, value);
    if (!process.preload.empty()) set("LD_PRELOAD", fmt::format("{}", fmt::join(process.preload, ":")));
}

// As execvp(3) finds it, but before the filter sees what is tried. A name that is not found stays, for execve
// to say so.
std::string find_in_path(const std::string& name) {
    if (name.find('/') != std::string::npos) return name;
    const char* path_list = ::getenv("PATH");
    std::istringstream folders(path_list != nullptr ? path_list : "");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string path = fmt::format("{}/{}", folder, name);
        struct stat status {};
        if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
            ::access(path.c_str(), X_OK) == 0)
            return path;
    }
    return name;
}

Expected<void> prepare(const LauncherWork& work) {
    if (::setsid() < 0) return failure("can't start a session");
    if (auto connected = connect_standard_descriptors(work.ends); !connected) return connected;
    keep_only_descriptors({STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, work.ends.launch_read,
                           work.ends.exec_error_write, work.handshake});
    ::umask(022);
    if (auto limited = limit_resources(work.limits); !limited) return limited;
    // Addresses are part of what must be the same in every run.
    if (::personality(ADDR_NO_RANDOMIZE) < 0) return failure("can't switch off address randomisation");
    set_environment(work.process);
    if (auto entered = enter_folder(work.process.cwd.empty() ? "/tmp" : work.process.cwd); !entered)
        return entered;
    return drop_all_capabilities();
}

bool await_launch(int launch) {
    char byte = 0;
    ssize_t size = 0;
    do {
        size = ::read(launch, &byte, 1);
    } while (size < 0 && errno == EINTR);  // a tracer came
    return size == 1;
}

// All that the last steps need, put together before: the memory limit may leave no room for anything of ours.
struct Execution {
    std::string program;
    std::vector<std::string> argv;
    std::vector<char*> arguments;  // into argv
    TargetFilter filter;           // our own copy, since sock_fprog wants one that can be written
    rlim_t memory;
};

Execution make_execution(const LauncherWork& work) {
    Execution execution{.program = find_in_path(work.process.argv.at(0)),
                        .argv = work.process.argv,
                        .arguments = {},
                        .filter = work.filter,
                        .memory = work.limits.memory};
    execution.arguments.reserve(execution.argv.size() + 1);
    for (std::string& text : execution.argv) execution.arguments.push_back(text.data());
    execution.arguments.push_back(nullptr);
    return execution;
}

// A caller whose question was received waits for the answer whatever signals come: an answer is never lost,
// and no question comes twice (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, seccomp(2)).
bool install(TargetFilter& filter) {
    if (filter.program.empty()) return true;
    const sock_fprog program{.len = static_cast<unsigned short>(filter.program.size() / sizeof(sock_filter)),
                             .filter = reinterpret_cast<sock_filter*>(filter.program.data())};
    if (!filter.notifies) return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
    constexpr unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    const long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (listener < 0) return false;
    ::syscall(SYS_seccomp, listener_handover, 0, listener);  // execve closes it
    return true;
}

// Returns only when it failed, with the reason in errno.
void execute(Execution& execution) {
    const rlimit memory{.rlim_cur = execution.memory, .rlim_max = execution.memory};
    if (::setrlimit(RLIMIT_AS, &memory) == 0 && install(execution.filter))
        ::execve(execution.program.c_str(), execution.arguments.data(), environ);
}

}  // namespace

void run_launcher(const LauncherWork& work) {
    if (auto prepared = prepare(work); !prepared) {
        report_error(work.handshake,
                     std::move(prepared.error()).in(fmt::format("process {}", work.process.name)));
        ::_exit(launch_failed);
    }
    Execution execution = make_execution(work);
    report_ready(work.handshake, work.index);
    ::close(work.handshake);
    if (await_launch(work.ends.launch_read)) {
        execute(execution);
        const int reason = errno;
        static_cast<void>(!::write(work.ends.exec_error_write, &reason, sizeof reason));
    }
    ::_exit(launch_failed);
}

}  // namespace rehang
