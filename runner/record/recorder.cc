#include "record/recorder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/ioctl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "base/unique_fd.h"
#include "supervise/system_call.h"
#include "supervise/tracee.h"

namespace rehang {
namespace {

// What a recording calls a file that a device has handed out, by what /proc shows of it: "kvm-vm" for
// "anon_inode:kvm-vm", "/dev/pts/3".
std::string name_of(const std::string& link) {
    constexpr std::string_view no_name_elsewhere = "anon_inode:";
    return link.starts_with(no_name_elsewhere) ? link.substr(no_name_elsewhere.size()) : link;
}

// What this process waits for: something of the command, and an early end of its own. Blocked, so that none
// comes unseen between two looks.
sigset_t awaited_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGHUP}) ::sigaddset(&signals, signal);
    return signals;
}

std::string descriptor_path(pid_t tid, std::uint64_t descriptor) {
    return fmt::format("/proc/{}/fd/{}", tid, static_cast<int>(descriptor));
}

std::string link_of(pid_t tid, std::uint64_t descriptor) {
    std::error_code gone;
    return std::filesystem::read_symlink(descriptor_path(tid, descriptor), gone).string();
}

// As much of the memory from there on as there is, up to `most`.
std::string memory_at(pid_t tid, std::uint64_t address, size_t most) {
    constexpr size_t page = 4096;
    std::string all;
    while (all.size() < most) {
        const std::uint64_t from = address + all.size();
        std::string part(std::min(most - all.size(), page - from % page), '\0');
        if (!read_memory(tid, from, part.data(), part.size())) break;
        all += part;
    }
    return all;
}

// What a request may write behind the struct that its number tells of: lists.
constexpr size_t looked_at = size_t{16} * 1024;

class Recorder {
  public:
    explicit Recorder(dev_t device) : device_(device) {}

    // Until all have ended, or this process is told to; the status of `root`, nothing if it goes on.
    std::optional<int> follow(pid_t root) {
        const sigset_t signals = awaited_signals();
        while (handle_all(root)) {
            siginfo_t came{};
            const int signal = ::sigwaitinfo(&signals, &came);
            if (signal == SIGTERM || signal == SIGHUP) break;
        }
        return root_status_;
    }

    Recording take() && { return std::move(recording_); }

  private:
    struct Made {  // a call on its way
        RecordedCall call;
        std::string memory;            // at its argument, before
        std::set<int> open;            // descriptors, before
        std::optional<size_t> mapped;  // it is an mmap(2) of so many bytes instead
    };

    // What there is to be waited for by now; false if nobody is left.
    bool handle_all(pid_t root) {
        for (;;) {
            int status = 0;
            const pid_t tid = ::waitpid(-1, &status, __WALL | WNOHANG);
            if (tid <= 0) return tid == 0;
            if (WIFSTOPPED(status))
                stopped(tid, status);
            else if (tid == root)
                root_status_ = status;
        }
    }

    void stopped(pid_t tid, int status) {
        const int event = status >> 16;
        const int signal = WSTOPSIG(status);
        if (event == PTRACE_EVENT_SECCOMP) {
            resume(tid, enters(tid) ? Resume::to_system_call : Resume::run, 0);
        } else if (signal == (SIGTRAP | 0x80)) {  // PTRACE_O_TRACESYSGOOD
            leaves(tid);
            resume(tid, Resume::run, 0);
        } else if (event == PTRACE_EVENT_STOP) {
            resume(tid, is_stop_signal(signal) ? Resume::stay_stopped : Resume::run, 0);
        } else {
            if (event != 0) made_.erase(tid);  // it executes, or ends: no exit of a call comes
            resume(tid, Resume::run, event != 0 ? 0 : signal);
        }
    }

    // The name by which a recording knows what the descriptor is open on; nothing if it is not the device's.
    std::optional<std::string> file_of(pid_t tid, std::uint64_t descriptor) const {
        struct stat status {};
        if (::stat(descriptor_path(tid, descriptor).c_str(), &status) != 0) return std::nullopt;
        const bool is_device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
        if (is_device && status.st_rdev == device_) return std::string();
        const std::string link = link_of(tid, descriptor);
        const auto file = files_.find(link);
        if (file == files_.end()) return std::nullopt;
        return name_of(link);
    }

    static std::set<int> descriptors(pid_t tid) {
        std::set<int> all;
        std::error_code gone;
        for (std::filesystem::directory_iterator entry(fmt::format("/proc/{}/fd", tid), gone), end;
             !gone && entry != end; entry.increment(gone))
            all.insert(std::stoi(entry->path().filename().string()));
        return all;
    }

    bool enters(pid_t tid) {
        const auto call = system_call_of(tid);
        if (!call || call->convention != Convention::x86_64) return false;
        const bool maps = call->number == SYS_mmap;
        const auto on = file_of(tid, call->arguments[maps ? 4 : 0]);
        if (!on) return false;
        Made made;
        made.call.on = *on;
        if (maps) {
            made.mapped = call->arguments[1];
        } else {
            made.call.request = static_cast<std::uint32_t>(call->arguments[1]);
            made.call.argument = call->arguments[2];
            made.memory = memory_at(tid, made.call.argument, looked_at);
            made.open = descriptors(tid);
        }
        made_[tid] = std::move(made);
        return true;
    }

    void leaves(pid_t tid) {
        const auto entry = made_.extract(tid);
        const auto call = system_call_of(tid);
        if (entry.empty() || !call || !call->answer) return;
        Made& made = entry.mapped();
        const std::int64_t result = *call->answer;
        constexpr std::int64_t first_restart = -516,
                               last_restart = -512;  // include/linux/errno.h: begins again
        if (first_restart <= result && result <= last_restart) return;
        if (made.mapped) {
            const bool failed = -4095 <= result && result < 0;
            if (!failed && !made.call.on.empty()) recording_.mapped(made.call.on, *made.mapped);
            return;
        }
        made.call.result = result;
        note_memory(tid, made);
        note_new_descriptor(tid, made);
        recording_.add(std::move(made.call));
    }

    static void note_memory(pid_t tid, Made& made) {
        const std::uint32_t request = made.call.request;
        const std::string after = memory_at(tid, made.call.argument, made.memory.size());
        const size_t size = std::min({argument_size(request), made.memory.size(), after.size()});
        const bool says_way = _IOC_SIZE(request) != 0;
        if (!says_way || (_IOC_DIR(request) & _IOC_WRITE) != 0)
            made.call.before = made.memory.substr(0, size);
        const bool written =
            says_way ? (_IOC_DIR(request) & _IOC_READ) != 0 : after.substr(0, size) != made.call.before;
        const bool whole = written && size > 0 && made.call.result >= 0;
        if (whole) made.call.written.push_back({.offset = 0, .bytes = after.substr(0, size)});
        const size_t from = whole ? size : 0;
        for (auto& part :
             changed_parts(std::string_view(made.memory).substr(from), std::string_view(after).substr(from)))
            made.call.written.push_back(
                {.offset = part.offset + static_cast<unsigned>(from), .bytes = std::move(part.bytes)});
    }

    void note_new_descriptor(pid_t tid, Made& made) {
        const std::int64_t result = made.call.result;
        if (result < 0 || result > std::numeric_limits<int>::max() ||
            made.open.contains(static_cast<int>(result)))
            return;
        const std::string link = link_of(tid, static_cast<std::uint64_t>(result));
        if (link.empty()) return;  // it is just a number
        files_.insert(link);
        made.call.opened = name_of(link);
    }

    dev_t device_;
    std::set<std::string> files_;  // links of what the device has handed out
    std::map<pid_t, Made> made_;
    std::optional<int> root_status_;
    Recording recording_;
};

// Every ioctl, and every mmap of a file, is told to the tracer.
bool install_filter() {
    const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
    if (!filter) return false;
    const scmp_arg_cmp a_file = SCMP_A4_32(SCMP_CMP_NE, 0xffffffffU, 0);
    const bool done = ::seccomp_rule_add(filter, SCMP_ACT_TRACE(1), SCMP_SYS(ioctl), 0) == 0 &&
                      ::seccomp_rule_add_array(filter, SCMP_ACT_TRACE(1), SCMP_SYS(mmap), 1, &a_file) == 0 &&
                      ::seccomp_load(filter) == 0;
    ::seccomp_release(filter);
    return done;
}

struct Pipe {
    static Expected<Pipe> make() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure("can't make a pipe");
        return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
    }
    UniqueFd read, write;
};

// In the child. Waits to be traced, then becomes the command; says an errno if that fails.
[[noreturn]] void become(const std::vector<std::string>& command, const Pipe& go, const Pipe& error) {
    const auto fail = [&](int reason) {
        if (::write(error.write.get(), &reason, sizeof reason) < 0) ::_exit(126);
        ::_exit(127);
    };
    char byte = 0;
    if (::read(go.read.get(), &byte, 1) != 1) ::_exit(127);
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGQUIT, SIG_DFL);
    ::signal(SIGPIPE, SIG_DFL);
    if (!install_filter()) fail(errno);
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    fail(errno);
    ::_exit(127);
}

}  // namespace

Expected<dev_t> device_number(const std::string& path) {
    const std::string hint = "name a character or block device, such as /dev/ptmx";
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        Error error = failure(fmt::format("can't look at {}", path)).error();
        error.kind = Error::Kind::usage;
        error.hint = hint;
        return std::unexpected(std::move(error));
    }
    if (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode))
        return std::unexpected(
            Error{.kind = Error::Kind::usage, .what = fmt::format("{} is no device", path), .hint = hint});
    return status.st_rdev;
}

Expected<Recorded> record(dev_t device, const std::vector<std::string>& command) {
    auto go = Pipe::make(), error = Pipe::make();
    if (!go || !error) return std::unexpected((go ? error : go).error());
    // Those of a terminal go to the command, too; it decides.
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGQUIT, SIG_IGN);
    const sigset_t signals = awaited_signals();
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &signals, &before);
    const pid_t child = ::fork();
    if (child < 0) return failure("can't start a process");
    if (child == 0) {
        go->write.reset();
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        become(command, *go, *error);
    }
    error->write.reset();
    if (auto traced = seize(child, IfTracerEnds::kill); !traced) {
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        return std::unexpected(
            Error{.kind = traced.error().kind,
                  .what = traced.error().what,
                  .hint = "`rehang doctor` says why this host does not allow it, and what to do"});
    }
    if (::write(go->write.get(), "x", 1) != 1) return failure("can't let the command begin");
    Recorder recorder(device);
    const auto status = recorder.follow(child);
    ::fcntl(error->read.get(), F_SETFL, O_NONBLOCK);
    int reason = 0;
    if (::read(error->read.get(), &reason, sizeof reason) == ssize_t{sizeof reason})
        return failure(fmt::format("can't execute {}", command.front()), reason);
    return Recorded{.recording = std::move(recorder).take(), .status = status};
}

}  // namespace rehang
