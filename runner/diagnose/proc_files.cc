#include "diagnose/proc_files.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "base/files.h"

namespace rehang::proc {
namespace {

std::string_view next_word(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n"), rest.size()));
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t\n"));
    rest.remove_prefix(word.size());
    return word;
}

template <class T = std::uint64_t>
T number(std::string_view text, int base = 10) {
    if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
    T value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

// The rest of the line that begins with `key`; empty if there is none.
std::string_view value_of(std::string_view text, std::string_view key) {
    for (size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1))
        if (at == 0 || text[at - 1] == '\n') {
            const std::string_view value = text.substr(at + key.size());
            return value.substr(0, value.find('\n'));
        }
    return {};
}

template <class T = std::uint64_t>
T number_of(std::string_view text, std::string_view key, int base = 10) {
    std::string_view value = value_of(text, key);
    return number<T>(next_word(value), base);
}

}  // namespace

std::optional<Stat> parse_stat(std::string_view text) {
    // The name stands in parentheses and may hold some itself: the last one ends it.
    const size_t open = text.find('('), close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return std::nullopt;
    std::string_view rest = text.substr(close + 1);
    const std::string_view state = next_word(rest);
    if (state.empty()) return std::nullopt;
    const std::string_view parent = next_word(rest);
    next_word(rest);  // process group
    const std::string_view session = next_word(rest);
    const std::string_view terminal = next_word(rest);
    next_word(rest);  // the terminal's foreground process group
    const std::uint64_t flags = number(next_word(rest));
    constexpr std::uint64_t pf_kthread = 0x00200000;  // include/linux/sched.h
    const std::uint64_t minor_faults = number(next_word(rest));
    next_word(rest);  // of children
    const std::uint64_t major_faults = number(next_word(rest));
    constexpr int fields_between = 9;  // majflt is field 12, starttime field 22
    for (int i = 0; i < fields_between; ++i) next_word(rest);
    return Stat{.comm = std::string(text.substr(open + 1, close - open - 1)),
                .state = state.front(),
                .parent = number<pid_t>(parent),
                .session = number<pid_t>(session),
                .terminal = number<int>(terminal),
                .kernel_thread = (flags & pf_kthread) != 0,
                .faults = minor_faults + major_faults,
                .start_time = number(next_word(rest))};
}

std::optional<RunCount> parse_schedstat(std::string_view text) {
    const auto cpu_ns = number(next_word(text));
    next_word(text);  // time spent waiting for a CPU: goes on while it does not run
    const auto times_run = number(next_word(text));
    if (times_run == 0) return std::nullopt;
    return RunCount{.cpu_ns = cpu_ns, .times_run = times_run};
}

std::optional<Syscall> parse_syscall(std::string_view text) {
    const std::string_view first = next_word(text);
    if (first.empty()) return std::nullopt;
    Syscall syscall;
    if (first == "running") {
        syscall.running = true;
        return syscall;
    }
    syscall.number = number<long>(first);
    if (syscall.number >= 0)
        for (auto& arg : syscall.args) arg = number(next_word(text), 16);
    syscall.sp = number(next_word(text), 16);
    syscall.pc = number(next_word(text), 16);
    return syscall;
}

Status parse_status(std::string_view text) {
    Status status;
    std::string_view ids = value_of(text, "NSpid:");
    for (std::string_view id = next_word(ids); !id.empty(); id = next_word(ids))
        status.inner_tid = number<pid_t>(id);
    status.tracer = number_of<pid_t>(text, "TracerPid:");
    status.caught = number_of(text, "SigCgt:", 16) & ~number_of(text, "SigBlk:", 16);
    status.switches = {.cpu_ns = number_of(text, "nonvoluntary_ctxt_switches:"),
                       .times_run = number_of(text, "voluntary_ctxt_switches:")};
    return status;
}

// "tfd:        5 events:       19 data:                5  pos:0 ino:3d sdev:f"
WatchedDescriptor parse_watched(std::string_view line) {
    const auto field = [line](std::string_view key) {
        const size_t at = line.find(key);
        std::string_view rest = at == std::string_view::npos ? "" : line.substr(at + key.size());
        return next_word(rest);
    };
    return {.fd = number<int>(field("tfd:")),
            .events = number<std::uint32_t>(field("events:"), 16),
            .inode = number(field("ino:"), 16)};
}

// "it_value: (0, 0)": a timer that is not armed.
bool is_armed(std::string_view text) {
    const std::string_view value = value_of(text, "it_value:");
    return value.find_first_of("123456789") != std::string_view::npos || number_of(text, "ticks:") != 0;
}

// Of both queues the user's and the kernel's counters. Kernels before 5.17 don't show them, nor does any
// while a thread is about to submit something.
bool is_unused_ring(std::string_view text) {
    constexpr std::array<std::string_view, 6> counters = {
        "SqHead:", "SqTail:", "CachedSqHead:", "CqHead:", "CqTail:", "CachedCqTail:"};
    return std::ranges::all_of(counters, [text](std::string_view counter) {
        return !value_of(text, counter).empty() && number_of(text, counter) == 0;
    });
}

FdInfo parse_fdinfo(std::string_view text) {
    FdInfo info;
    info.flags = number_of<unsigned>(text, "flags:", 8);
    info.scm_fds = number_of<unsigned>(text, "scm_fds:");
    for (size_t at = text.find("lock:"); at != std::string_view::npos; at = text.find("lock:", at + 1))
        info.locks.push_back(parse_lock(text.substr(at + 5, text.find('\n', at) - at - 5)));
    if (!value_of(text, "eventfd-id:").empty()) info.eventfd_id = number_of(text, "eventfd-id:");
    info.timer_armed = is_armed(text);
    info.inotify_watches = text.contains("\ninotify ");
    info.pid = number_of<pid_t>(text, "Pid:");
    info.unused_ring = is_unused_ring(text);
    for (size_t at = text.find("tfd:"); at != std::string_view::npos; at = text.find("tfd:", at + 1))
        info.watched.push_back(parse_watched(text.substr(at, text.find('\n', at) - at)));
    return info;
}

FileLock parse_lock(std::string_view line) {
    FileLock lock;
    next_word(line);  // "1:"
    const std::string_view type = next_word(line);
    if (type == "FLOCK") lock.type = FileLock::Type::flock;
    if (type == "POSIX") lock.type = FileLock::Type::posix;
    if (type == "OFDLCK") lock.type = FileLock::Type::ofd;
    next_word(line);  // "ADVISORY"
    lock.exclusive = next_word(line) == "WRITE";
    next_word(line);  // the taker's pid
    next_word(line);  // major:minor:inode
    lock.first = number(next_word(line));
    const std::string_view last = next_word(line);
    lock.last = last == "EOF" ? UINT64_MAX : number(last);
    return lock;
}

std::optional<std::uint64_t> inode_in(std::string_view target, std::string_view kind) {
    if (!target.starts_with(kind) || !target.substr(kind.size()).starts_with(":[")) return std::nullopt;
    return number(target.substr(kind.size() + 2));
}

std::optional<std::vector<pid_t>> numbers_in(const std::string& folder) {
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(folder.c_str()), closedir);
    if (!listing) return std::nullopt;
    std::vector<pid_t> numbers;
    while (const dirent* const entry = readdir(listing.get())) {
        const std::string_view name = entry->d_name;
        if (name.find_first_not_of("0123456789") == std::string_view::npos)
            numbers.push_back(number<pid_t>(name));
    }
    std::ranges::sort(numbers);
    return numbers;
}

std::vector<pid_t> children_of(pid_t pid, const std::vector<pid_t>& tids) {
    std::vector<pid_t> children;
    for (const pid_t tid : tids) {
        const std::string text = read_file_or_empty(fmt::format("/proc/{}/task/{}/children", pid, tid));
        std::string_view rest = text;
        for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest))
            children.push_back(number<pid_t>(word));
    }
    return children;
}

std::uint64_t read_namespace(const std::string& link) {
    std::array<char, 64> target{};  // "ipc:[4026531839]"
    const ssize_t length = readlink(link.c_str(), target.data(), target.size());
    const std::string_view text(target.data(), length < 0 ? 0 : static_cast<size_t>(length));
    const size_t open = text.find('[');
    return open == std::string_view::npos ? 0 : number(text.substr(open + 1));
}

std::optional<RunCount> read_run_count(pid_t pid, pid_t tid) {
    const std::string task = fmt::format("/proc/{}/task/{}", pid, tid);
    const std::string text = read_record(task + "/schedstat");
    if (const auto count = parse_schedstat(text)) return count;
    const std::string status = read_file_or_empty(task + "/status");
    if (status.empty()) return std::nullopt;
    return parse_status(status).switches;
}

}  // namespace rehang::proc
