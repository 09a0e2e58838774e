#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "host/namespaces.h"
#include "sandbox/descriptors.h"
#include "sandbox/handshake.h"
#include "sandbox/init.h"

namespace rehang {

namespace {

// All pipes of one [[process]], before init takes its ends over.
struct ProcessPipes {
    Pipe launch, exec_error, output, errors;

    LauncherEnds launcher_ends() const {
        return {.launch_read = launch.read.get(),
                .exec_error_write = exec_error.write.get(),
                .stdout_write = output.write.get(),
                .stderr_write = errors.write.get()};
    }
};

Expected<ProcessPipes> make_process_pipes() {
    ProcessPipes pipes;
    for (Pipe* pipe : {&pipes.launch, &pipes.exec_error, &pipes.output, &pipes.errors}) {
        auto made = make_pipe();
        if (!made) return std::unexpected(made.error());
        *pipe = std::move(*made);
    }
    // A pipe's ends are two open files: the targets' writes go on blocking.
    for (const Pipe* pipe : {&pipes.output, &pipes.errors})
        if (::fcntl(pipe->read.get(), F_SETFL, O_NONBLOCK) != 0)
            return failure("can't make a pipe non-blocking");
    return pipes;
}

LaunchedProcess runner_side(const PlannedProcess& planned, ProcessPipes pipes) {
    return {.name = planned.name,
            .pid = -1,
            .launch = std::move(pipes.launch.write),
            .exec_error = std::move(pipes.exec_error.read),
            .stdout_read = std::move(pipes.output.read),
            .stderr_read = std::move(pipes.errors.read)};
}

}  // namespace

Expected<Sandbox> Sandbox::create(const Plan& plan, const std::vector<TargetFilter>& filters) {
    REHANG_CHECK(filters.empty() || filters.size() == plan.processes.size());
    fill_standard_descriptors();
    auto handshake = make_handshake();
    if (!handshake) return std::unexpected(handshake.error());
    std::vector<ProcessPipes> pipes;
    std::vector<LauncherEnds> ends;
    for (size_t i = 0; i < plan.processes.size(); ++i) {
        auto made = make_process_pipes();
        if (!made) return std::unexpected(made.error());
        ends.push_back(made->launcher_ends());
        pipes.push_back(std::move(*made));
    }

    auto init = clone_into_namespaces(sandbox_namespaces);
    if (!init) return std::unexpected(std::move(init.error()).in("can't make a sandbox"));
    if (init->pid == 0)
        run_init({.plan = plan,
                  .filters = filters,
                  .handshake = handshake->sandbox.get(),
                  .launchers = std::move(ends)});

    Sandbox sandbox;  // from here on its destructor ends what was started
    sandbox.init_ = init->pid;
    sandbox.init_pidfd_ = std::move(init->pidfd);
    handshake->sandbox.reset();
    for (size_t i = 0; i < plan.processes.size(); ++i)
        sandbox.processes_.push_back(runner_side(plan.processes[i], std::move(pipes[i])));

    if (auto started = sandbox.start(handshake->runner); !started)
        return std::unexpected(std::move(started.error()).in("can't make a sandbox"));
    return sandbox;
}

Expected<void> Sandbox::start(const UniqueFd& handshake) {
    if (auto mapped = map_own_ids(init_); !mapped) return mapped;
    if (auto sent = send_go(handshake); !sent) return sent;
    for (size_t ready = 0; ready < processes_.size(); ++ready) {
        const auto process = receive_ready(handshake);
        if (!process) return std::unexpected(process.error());
        processes_.at(process->process).pid = process->pid;
    }
    return {};
}

Sandbox::Sandbox(Sandbox&& other) noexcept
    : init_(std::exchange(other.init_, -1)),
      init_pidfd_(std::move(other.init_pidfd_)),
      processes_(std::move(other.processes_)) {}

Sandbox& Sandbox::operator=(Sandbox&& other) noexcept {
    if (this != &other) {
        end();
        init_ = std::exchange(other.init_, -1);
        init_pidfd_ = std::move(other.init_pidfd_);
        processes_ = std::move(other.processes_);
    }
    return *this;
}

Sandbox::~Sandbox() {
    end();
}

void Sandbox::kill() {
    if (init_pidfd_) ::syscall(SYS_pidfd_send_signal, init_pidfd_.get(), SIGKILL, nullptr, 0);
}

// The kernel lets an init go once all in its namespace have been waited for. That is quick, unless a tracer
// still owes a wait: if that is this very thread, waiting longer could not help.
void Sandbox::end() {
    if (!init_pidfd_) return;
    constexpr int patience_ms = 2000;
    kill();
    pollfd ended{.fd = init_pidfd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ended, 1, patience_ms) > 0)
        ::waitid(P_PIDFD, static_cast<id_t>(init_pidfd_.get()), nullptr, WEXITED);
    init_ = -1;
    init_pidfd_.reset();
}

}  // namespace rehang
