// flock(2) and fcntl(2) F_SETLKW, F_OFD_SETLKW.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "diagnose/snapshot_view.h"
#include "diagnose/wait_rules.h"

namespace rehang::wait_rules {
namespace {

struct Request {
    const DescriptorSnapshot& file;
    FileLock lock;
    // False where the range counts from the file's position or its end: then only a lock of the whole file is
    // surely in its way.
    bool range_known = true;
};

constexpr FileLock whole_file = {};

bool has_all_bytes(const FileLock& lock) {
    return lock.first == whole_file.first && lock.last == whole_file.last;
}

// flock and fcntl's locks do not see each other; the two kinds of fcntl do.
bool same_family(FileLock::Type one, FileLock::Type other) {
    return one != FileLock::Type::other && (one == FileLock::Type::flock) == (other == FileLock::Type::flock);
}

bool is_in_the_way(const FileLock& held, const Request& request) {
    const bool overlap = held.first <= request.lock.last && request.lock.first <= held.last;
    return same_family(held.type, request.lock.type) && (held.exclusive || request.lock.exclusive) &&
           (request.range_known ? overlap : has_all_bytes(held));
}

bool same_file(const DescriptorSnapshot& one, const DescriptorSnapshot& other) {
    return one.device != 0 && one.device == other.device && one.inode == other.inode;
}

// What the asker holds already does not stand in its own way: fcntl's locks are those of the process, or of
// the open file. (A flock that is changed into another one is given up first.) Where somebody else holds the
// same it is passed over too, which only makes a holder unknown.
std::vector<FileLock> own_locks(const Sleeper& sleeper, const Request& request) {
    std::vector<FileLock> own;
    for (const DescriptorSnapshot& descriptor : sleeper.process.descriptors) {
        const bool counts = request.lock.type == FileLock::Type::posix ? same_file(descriptor, request.file)
                                                                       : descriptor.fd == request.file.fd;
        if (!counts || request.lock.type == FileLock::Type::flock) continue;
        for (const FileLock& lock : descriptor.locks)
            if (lock.type == request.lock.type) own.push_back(lock);
    }
    return own;
}

struct Holders {
    std::vector<std::string> names;  // "probe/1 (fd 3)"
    std::vector<pid_t> threads;
};

// Whoever has the open file that a lock belongs to can release it: all who inherited it show the lock.
Holders holders_of(const Sleeper& sleeper, const Request& request) {
    const auto own = own_locks(sleeper, request);
    const auto blocks = [&](const FileLock& lock) {
        return is_in_the_way(lock, request) && std::ranges::find(own, lock) == own.end();
    };
    Holders holders;
    for (const ProcessSnapshot& process : sleeper.snapshot.processes) {
        const auto holding = std::ranges::find_if(process.descriptors, [&](const auto& descriptor) {
            return same_file(descriptor, request.file) && std::ranges::any_of(descriptor.locks, blocks);
        });
        if (holding == process.descriptors.end()) continue;
        holders.names.push_back(fmt::format("{} (fd {})", label(process), holding->fd));
        std::ranges::copy(living_threads(process, sleeper.thread.tid), std::back_inserter(holders.threads));
    }
    return holders;
}

// Others who may have the same open file and could unlock it.
std::optional<std::string> unknown_holder(const Sleeper& sleeper, const Request& request,
                                          const Holders& holders) {
    if (holders.names.empty())
        return fmt::format("none of the processes that are looked at holds the lock of {} that it waits for",
                           request.file.target);
    if (request.lock.type == FileLock::Type::posix) return std::nullopt;
    if (sleeper.snapshot.world == World::machine)
        return fmt::format("processes that are not looked at may have inherited the open file {}",
                           request.file.target);
    for (const ProcessSnapshot& process : sleeper.snapshot.processes) {
        if (process.unreadable)
            return fmt::format("the descriptors of {} can't be read; it may have the open file {}",
                               label(process), request.file.target);
        if (std::ranges::any_of(process.descriptors, [](const auto& d) { return d.scm_fds > 0; }))
            return fmt::format(
                "descriptors are on their way through a socket of {}; one may be the open file {}",
                label(process), request.file.target);
    }
    return std::nullopt;
}

std::string asked_for(const Request& request) {
    const std::string mode = request.lock.exclusive ? "write" : "read";
    const std::string range = !request.range_known || has_all_bytes(request.lock) ? ""
                              : request.lock.last == whole_file.last
                                  ? fmt::format("the bytes from {} on of ", request.lock.first)
                                  : fmt::format("bytes {} to {} of ", request.lock.first, request.lock.last);
    constexpr auto kind = [](FileLock::Type type) {
        return type == FileLock::Type::flock   ? "flock"
               : type == FileLock::Type::posix ? "fcntl"
                                               : "fcntl, of the open file";
    };
    return fmt::format("waits for a {} lock of {}{} ({})", mode, range, request.file.target,
                       kind(request.lock.type));
}

Wait for_lock(const Sleeper& sleeper, const Request& request) {
    Holders holders = holders_of(sleeper, request);
    Wait wait;
    wait.kind = WaitKind::file_lock;
    wait.fd = request.file.fd;
    wait.object = "file lock";
    wait.location = request.file.target;
    wait.sentence = asked_for(request);
    if (!holders.names.empty()) wait.sentence += fmt::format(", held by {}", enumerate(holders.names));
    wait.by_outside = unknown_holder(sleeper, request, holders);
    wait.wakers = std::move(holders.threads);
    return wait;
}

// The range of a struct flock. Source: fcntl(2): a length of 0 reaches to the end, a negative one back.
Request range_of(const DescriptorSnapshot& file, const struct flock& asked, FileLock::Type type) {
    Request request = {.file = file, .lock = {.type = type, .exclusive = asked.l_type == F_WRLCK}};
    request.range_known = asked.l_whence == SEEK_SET && asked.l_start >= 0 && asked.l_len >= 0;
    if (!request.range_known) return request;
    request.lock.first = static_cast<std::uint64_t>(asked.l_start);
    if (asked.l_len > 0) request.lock.last = request.lock.first + static_cast<std::uint64_t>(asked.l_len) - 1;
    return request;
}

}  // namespace

Wait for_flock(const Sleeper& sleeper) {
    const DescriptorSnapshot* const file =
        find_descriptor(sleeper.process, static_cast<int>(sleeper.thread.args[0]));
    if (!file) return not_understood(sleeper);
    const bool exclusive = (sleeper.thread.args[1] & LOCK_EX) != 0;
    return for_lock(sleeper,
                    {.file = *file, .lock = {.type = FileLock::Type::flock, .exclusive = exclusive}});
}

Wait for_fcntl_lock(const Sleeper& sleeper) {
    const auto& args = sleeper.thread.args;
    const DescriptorSnapshot* const file = find_descriptor(sleeper.process, static_cast<int>(args[0]));
    const auto asked = value_at<struct flock>(sleeper.snapshot, sleeper.process.pid, args[2]);
    const auto command = static_cast<int>(args[1]);
    if (!file || !asked || (command != F_SETLKW && command != F_OFD_SETLKW)) return not_understood(sleeper);
    const auto type = command == F_SETLKW ? FileLock::Type::posix : FileLock::Type::ofd;
    return for_lock(sleeper, range_of(*file, *asked, type));
}

}  // namespace rehang::wait_rules
