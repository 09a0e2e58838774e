#include "running.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "catch.h"

namespace rehang::test {

Plan shell_plan(const std::vector<std::string>& scripts) {
    Plan plan;
    for (size_t i = 0; i < scripts.size(); ++i)
        plan.processes.push_back({.name = fmt::format("p{}", i),
                                  .argv = {"/bin/sh", "-c", scripts[i]},
                                  .preload = {},
                                  .env = {},
                                  .cwd = "/tmp"});
    return plan;
}

std::optional<Sandbox> try_create(const Plan& plan, const std::vector<TargetFilter>& filters) {
    auto sandbox = Sandbox::create(plan, filters);
    if (sandbox) return std::move(*sandbox);
    const std::string reason = fmt::format("{} ({})", sandbox.error().what, sandbox.error().hint);
    const char* must_run = std::getenv("REHANG_MUST_RUN");
    if (sandbox.error().kind != Error::Kind::unsupported || (must_run != nullptr && *must_run == '1'))
        FAIL(reason);
    WARN("did not run: " << reason);
    return std::nullopt;
}

void launch(LaunchedProcess& process) {
    REQUIRE(::write(process.launch.get(), "x", 1) == 1);
}

bool is_readable(int fd, int patience_ms) {
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&waited, 1, patience_ms) > 0;
}

std::string read_all(const UniqueFd& fd) {
    std::string all;
    std::array<char, 4096> buffer;
    for (;;) {
        REQUIRE(is_readable(fd.get()));
        const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
        REQUIRE(n >= 0);
        if (n == 0) return all;
        all.append(buffer.data(), static_cast<size_t>(n));
    }
}

int exec_error(const LaunchedProcess& process) {
    int reason = 0;
    const ssize_t n = ::read(process.exec_error.get(), &reason, sizeof reason);
    REQUIRE((n == 0 || n == ssize_t{sizeof reason}));
    return reason;
}

std::optional<std::string> output_of(const Plan& plan) {
    auto sandbox = try_create(plan);
    if (!sandbox) return std::nullopt;
    LaunchedProcess& process = sandbox->processes().at(0);
    launch(process);
    REQUIRE(exec_error(process) == 0);
    const std::string output = read_all(process.stdout_read);
    return output + read_all(process.stderr_read);
}

std::optional<std::string> output_of(const std::string& script) {
    return output_of(shell_plan({script}));
}

}  // namespace rehang::test
