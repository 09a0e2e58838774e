#include "stuck_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "base/files.h"
#include "catch.h"
#include "diagnose/proc_files.h"

namespace rehang {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(10);

// Catch2 has some for the test: in a target each would be a way out of its waits.
void forget_signal_handlers() {
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
}

// Whatever loses its parent becomes its child, also what has ended; ends with the test.
[[noreturn]] void be_init(const std::function<void()>& body, pid_t test) {
    forget_signal_handlers();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != test) _exit(1);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        body();
        _exit(0);
    }
    keep_only({});
    for (;;) pause();
}

std::vector<pid_t> children(pid_t pid) {
    const auto tids = proc::numbers_in(fmt::format("/proc/{}/task", pid)).value_or(std::vector<pid_t>());
    return proc::children_of(pid, tids);
}

pid_t wait_for_child(pid_t parent, size_t nth) {
    for (const auto give_up = Clock::now() + patience; Clock::now() < give_up; sched_yield())
        if (const auto found = children(parent); found.size() >= nth) return found[nth - 1];
    FAIL("process " << parent << " made no child number " << nth);
    return -1;
}

bool is_zombie(pid_t pid) {
    const auto stat = proc::parse_stat(read_file_or_empty(fmt::format("/proc/{}/stat", pid)));
    const auto tids = proc::numbers_in(fmt::format("/proc/{}/task", pid)).value_or(std::vector<pid_t>());
    return !stat || (stat->state == 'Z' && tids.size() <= 1);
}

// Whether anything was left to kill.
bool kill_all(const std::vector<pid_t>& pids) {
    bool killed = false;
    for (const pid_t pid : pids) {
        killed |= kill_all(children(pid));
        if (is_zombie(pid)) continue;
        kill(pid, SIGKILL);
        killed = true;
    }
    return killed;
}

// A process may fork between being listed and being killed; its child is init's then. One that was missed
// would keep the test's output open for ever, and ctest waits as long for its end.
void kill_below(pid_t init) {
    while (kill_all(children(init))) sched_yield();
}

}  // namespace

Pipe::Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) abort();
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
}

void wait_for(const UniqueFd& read) {
    char byte = 0;
    while (::read(read.get(), &byte, 1) < 0) {
    }
}

void tell(const UniqueFd& write) {
    if (::write(write.get(), "x", 1) != 1) abort();
}

void keep_only(std::initializer_list<int> descriptors) {
    std::vector<int> kept = descriptors;
    std::ranges::sort(kept);
    unsigned first = 3;
    for (const int fd : kept) {
        const auto number = static_cast<unsigned>(fd);
        if (number > first) close_range(first, number - 1, 0);
        first = number + 1;
    }
    close_range(first, ~0U, 0);
}

StuckTree::StuckTree(const std::function<void()>& body) {
    const pid_t test = getpid();
    init_ = fork();
    if (init_ == 0) be_init(body, test);
    a_ = wait_for_child(init_, 1);
    scope_.roots = {init_};
    scope_.main_processes = {"a"};
    scope_.processes = {
        {.pid = a_, .path = "a", .program = {}, .parent_path = {}, .exit_status = {}, .threads = {}}};
}

StuckTree::~StuckTree() {
    kill_below(init_);
    kill(init_, SIGKILL);
    waitpid(init_, nullptr, 0);
}

pid_t StuckTree::name_child(pid_t parent, const std::string& parent_path, const std::string& path,
                            size_t nth) {
    const pid_t child = wait_for_child(parent, nth);
    scope_.processes.push_back({.pid = child,
                                .path = path,
                                .program = {},
                                .parent_path = parent_path,
                                .exit_status = {},
                                .threads = {}});
    return child;
}

void StuckTree::ask_from_outside() {
    scope_ = {.world = World::machine, .roots = {a_}, .processes = {}, .forks = {}, .main_processes = {}};
}

std::optional<Diagnoser::Answer> StuckTree::look_until(Diagnoser::Answer answer) {
    for (const auto give_up = Clock::now() + patience; Clock::now() < give_up; sched_yield())
        if (diagnoser_.look(scope_) == answer) return answer;
    for (const std::string& doubt : diagnoser_.doubts()) UNSCOPED_INFO(doubt);
    return std::nullopt;
}

bool StuckTree::look_until_doubt(const std::string& text) {
    for (const auto give_up = Clock::now() + patience; Clock::now() < give_up; sched_yield()) {
        diagnoser_.look(scope_);
        if (std::ranges::any_of(diagnoser_.doubts(), [&](const auto& doubt) { return doubt.contains(text); }))
            return true;
    }
    for (const std::string& doubt : diagnoser_.doubts()) UNSCOPED_INFO(doubt);
    return false;
}

bool StuckTree::never_proven(int count) {
    for (int i = 0; i < count; ++i)
        if (diagnoser_.look(scope_) != Diagnoser::Answer::moving) return false;
    return true;
}

const DiagnosedThread* find(const Diagnosis& diagnosis, const std::string& path, const std::string& role) {
    for (const DiagnosedProcess& process : diagnosis.processes)
        for (const DiagnosedThread& thread : process.threads)
            if (process.path == path && thread.role == role) return &thread;
    return nullptr;
}

std::string told(const Diagnosis& diagnosis) {
    return fmt::format("{}", fmt::join(diagnosis.explanation, "\n"));
}

bool has_frame(const DiagnosedThread& thread, const std::string& symbol) {
    return std::ranges::any_of(thread.stack, [&](const elf::Frame& frame) { return frame.symbol == symbol; });
}

}  // namespace rehang
