#include "supervised.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>

#include "supervise/filter.h"

namespace rehang::test {
namespace {

struct Pipe {
    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        read.reset(ends[0]);
        write.reset(ends[1]);
    }
    UniqueFd read, write;
};

void install(const TargetFilter& filter) {
    std::vector<sock_filter> code(filter.program.size() / sizeof(sock_filter));
    std::copy(filter.program.begin(), filter.program.end(), reinterpret_cast<unsigned char*>(code.data()));
    const sock_fprog program{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const unsigned flags =
        filter.notifies ? SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0;
    const long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (listener < 0) ::_exit(97);
    if (filter.notifies) ::syscall(SYS_seccomp, listener_handover, 0, listener);
}

}  // namespace

ReadyProcess launch(const Plan& plan, bool can_notify) {
    const auto filter = build_filter(plan, plan.processes[0].name, can_notify);
    REQUIRE(filter);
    Pipe go, error, out, err;
    const pid_t pid = ::fork();
    if (pid == 0) {
        char byte;
        go.write.reset();
        if (::read(go.read.get(), &byte, 1) != 1) ::_exit(96);
        ::dup2(out.write.get(), 1);
        ::dup2(err.write.get(), 2);
        install(*filter);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        std::vector<char*> arguments;
        for (const std::string& argument : plan.processes[0].argv)
            arguments.push_back(const_cast<char*>(argument.c_str()));
        arguments.push_back(nullptr);
        ::execv(arguments[0], arguments.data());
        const int failed = errno;
        if (::write(error.write.get(), &failed, sizeof failed) < 0) ::_exit(95);
        ::_exit(127);
    }
    ::fcntl(out.read.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(err.read.get(), F_SETFL, O_NONBLOCK);
    return {.name = "p",
            .pid = pid,
            .launch = std::move(go.write),
            .exec_error = std::move(error.read),
            .stdout_read = std::move(out.read),
            .stderr_read = std::move(err.read)};
}

Plan plan_of(std::string mode, std::vector<std::string> arguments) {
    Plan plan;
    plan.processes = {
        {.name = "p", .argv = {TARGET_PROGRAM, std::move(mode)}, .preload = {}, .env = {}, .cwd = "/"}};
    std::ranges::move(arguments, std::back_inserter(plan.processes[0].argv));
    plan.timeout = std::chrono::seconds(60);
    return plan;
}

PlannedPoint point(std::string name, const char* process, const char* thread, PointEvent event,
                   unsigned nth) {
    return {.name = std::move(name),
            .process = *ProcessPath::parse(process),
            .thread = *ThreadSelector::parse(thread),
            .event = std::move(event),
            .nth = nth,
            .at = {}};
}

PlannedPoint enters(const char* name, const char* thread, const char* symbol) {
    return point(name, "p", thread, EntersSymbol{{"supervise_target", symbol}});
}

PlannedHold hold(size_t at, size_t until, std::chrono::milliseconds limit) {
    return {.name = "hold", .at = at, .until = until, .limit = limit, .span = {}};
}

}  // namespace rehang::test
