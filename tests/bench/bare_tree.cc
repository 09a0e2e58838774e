#include "bare_tree.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/impl/environment.ipp>  // Boost 1.81's environment.hpp forgets it
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>

#include "base/files.h"

namespace rehang::bench {
namespace {

using namespace std::chrono_literals;
namespace process = boost::process::v2;
constexpr auto quiet_time = 50ms;
constexpr auto patience = 5s;

std::vector<pid_t> tasks_of(pid_t pid) {
    std::vector<pid_t> tasks;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), gone))
        tasks.push_back(std::stoi(entry.path().filename()));
    return tasks;
}

void append_descendants(pid_t pid, std::vector<pid_t>& found) {
    for (const pid_t task : tasks_of(pid)) {
        std::istringstream children(read_file_or_empty(fmt::format("/proc/{}/task/{}/children", pid, task)));
        for (pid_t child = 0; children >> child;) {
            found.push_back(child);
            append_descendants(child, found);
        }
    }
}

std::vector<pid_t> descendants() {
    std::vector<pid_t> found;
    append_descendants(getpid(), found);
    return found;
}

bool is_zombie(pid_t pid) {
    const std::string stat = read_file_or_empty(fmt::format("/proc/{}/stat", pid));
    const size_t name_end = stat.rfind(") ");
    return name_end == std::string::npos || stat[name_end + 2] == 'Z';
}

// Changes whenever one of the threads has run: proc(5), schedstat.
std::string run_counts(const std::vector<pid_t>& pids) {
    std::string counts;
    for (const pid_t pid : pids)
        for (const pid_t task : tasks_of(pid))
            counts += fmt::format("{}: {}", task,
                                  read_file_or_empty(fmt::format("/proc/{}/task/{}/schedstat", pid, task)));
    return counts;
}

std::vector<std::string> host_arguments(const PlannedProcess& planned, const std::string& folder) {
    std::vector<std::string> arguments(planned.argv.begin() + 1, planned.argv.end());
    constexpr std::string_view tmp = "/tmp/";  // also within an argument: "unix:/tmp/socket"
    for (std::string& argument : arguments)
        for (size_t at = argument.find(tmp); at != std::string::npos;
             at = argument.find(tmp, at + folder.size()))
            argument.replace(at, tmp.size() - 1, folder);
    return arguments;
}

std::string host_program(const PlannedProcess& planned) {
    const std::string& program = planned.argv.front();
    return program.contains('/') ? program : process::environment::find_executable(program).string();
}

std::vector<std::string> host_environment(const PlannedProcess& planned) {
    std::vector<std::string> environment = {"PATH=/usr/bin:/bin"};
    for (const auto& [name, value] : planned.env) environment.push_back(fmt::format("{}={}", name, value));
    std::string preload;
    for (const std::string& library : planned.preload) preload += library + " ";
    if (!preload.empty()) environment.push_back("LD_PRELOAD=" + preload);
    return environment;
}

}  // namespace

Expected<BareTree> BareTree::start(const PlannedProcess& planned, const std::string& folder) {
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return failure("can't adopt the orphans of the bare program");
    const auto start = Clock::now();
    try {
        boost::asio::io_context context;
        process::process first(context, host_program(planned), host_arguments(planned, folder),
                               process::process_environment(host_environment(planned)),
                               process::process_stdio{.in = nullptr, .out = nullptr, .err = nullptr});
        const pid_t pid = first.id();
        first.detach();
        return BareTree(pid, start);
    } catch (const boost::system::system_error& error) {
        return failure(fmt::format("can't run {}", planned.argv.front()), error.code().value());
    }
}

BareTree::~BareTree() {
    if (first_ < 0) return;
    // Children of a killed process become ours, and one may just have been born: again, until none is left.
    for (std::vector<pid_t> pids = descendants(); !pids.empty(); pids = descendants()) {
        for (const pid_t pid : pids) kill(pid, SIGKILL);
        while (waitpid(-1, nullptr, __WALL | WNOHANG) > 0) continue;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

BareTree::Rest BareTree::rest() const {
    Rest rest;
    std::string last_counts;
    auto last_change = Clock::now();
    for (auto now = Clock::now(); now - last_change < quiet_time && now - start_ < patience;
         now = Clock::now()) {
        if (!rest.ended && is_zombie(first_)) rest = {.ended = true, .ms = ms_until(now)};
        std::string counts = run_counts(descendants());
        if (counts != last_counts) last_change = now;
        last_counts = std::move(counts);
        std::this_thread::sleep_for(50us);
    }
    if (!rest.ended) rest.ms = ms_until(last_change);
    return rest;
}

bool BareTree::ends_within(std::chrono::milliseconds limit) const {
    while (!is_zombie(first_)) {
        if (Clock::now() - start_ >= limit) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

std::vector<pid_t> BareTree::alive() const {
    std::vector<pid_t> pids = descendants();
    std::erase_if(pids, is_zombie);
    return pids;
}

double BareTree::ms_until(Clock::time_point moment) const {
    return std::chrono::duration<double, std::milli>(moment - start_).count();
}

}  // namespace rehang::bench
