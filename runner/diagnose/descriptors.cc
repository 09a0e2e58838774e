// proc::read_descriptors. Source: proc(5), /proc/PID/fd and fdinfo.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>

#include "base/files.h"
#include "diagnose/proc_files.h"

namespace rehang::proc {
namespace {

std::optional<std::string> link_target(const std::string& link) {
    std::array<char, 4096> buffer{};
    const ssize_t length = readlink(link.c_str(), buffer.data(), buffer.size());
    if (length < 0) return std::nullopt;
    return std::string(buffer.data(), static_cast<size_t>(length));
}

FileKind kind_of(std::string_view target) {
    constexpr std::array<std::pair<std::string_view, FileKind>, 8> kinds = {
        {{"pipe:[", FileKind::pipe},
         {"socket:[", FileKind::socket},
         {"anon_inode:[eventfd]", FileKind::eventfd},
         {"anon_inode:[timerfd]", FileKind::timerfd},
         {"anon_inode:[signalfd]", FileKind::signalfd},
         {"anon_inode:[eventpoll]", FileKind::epoll},
         {"anon_inode:[pidfd]", FileKind::pidfd},
         {"anon_inode:inotify", FileKind::inotify}}};
    for (const auto& [prefix, kind] : kinds)
        if (target.starts_with(prefix)) return kind;
    return FileKind::other;
}

// The file system of mq_overview(7) has no folders.
bool may_be_message_queue(std::string_view target) {
    constexpr std::string_view deleted = " (deleted)";
    if (target.ends_with(deleted)) target.remove_suffix(deleted.size());
    return target.find('/', 1) == std::string_view::npos;
}

bool is_message_queue(std::string_view target, const std::string& link) {
    constexpr long mqueue_magic = 0x19800202;  // MQUEUE_MAGIC of the kernel's ipc/mqueue.c
    struct statfs system {};
    return may_be_message_queue(target) && statfs(link.c_str(), &system) == 0 &&
           system.f_type == mqueue_magic;
}

// Channels with a name show the path of their file, like any other file: only stat(2) tells.
void look_for_named_channel(DescriptorSnapshot& descriptor, const std::string& link) {
    struct stat status {};
    if (stat(link.c_str(), &status) != 0) return;
    if (S_ISFIFO(status.st_mode))
        descriptor.kind = FileKind::pipe;
    else if (S_ISREG(status.st_mode) && is_message_queue(descriptor.target, link))
        descriptor.kind = FileKind::message_queue;
    else
        descriptor.regular = S_ISREG(status.st_mode);
    descriptor.inode = status.st_ino;
    descriptor.device = status.st_dev;
}

void identify(DescriptorSnapshot& descriptor, const std::string& link) {
    descriptor.kind = kind_of(descriptor.target);
    if (descriptor.target.starts_with('/'))
        look_for_named_channel(descriptor, link);
    else if (descriptor.kind == FileKind::pipe)
        descriptor.inode = inode_in(descriptor.target, "pipe").value_or(0);
    else if (descriptor.kind == FileKind::socket)
        descriptor.inode = inode_in(descriptor.target, "socket").value_or(0);
}

void add_info(DescriptorSnapshot& descriptor, const std::string& text) {
    FdInfo info = parse_fdinfo(text);
    const unsigned mode = info.flags & O_ACCMODE;
    descriptor.readable = mode != O_WRONLY;
    descriptor.writable = mode != O_RDONLY;
    descriptor.scm_fds = info.scm_fds;
    descriptor.armed = info.timer_armed;
    descriptor.watches = info.inotify_watches;
    descriptor.watched_pid = info.pid;
    descriptor.watched = std::move(info.watched);
    descriptor.locks = std::move(info.locks);
    descriptor.sends_signals = (info.flags & O_ASYNC) != 0;
    descriptor.unused_ring = info.unused_ring;
    if (descriptor.kind != FileKind::eventfd) return;
    if (info.eventfd_id)
        descriptor.inode = *info.eventfd_id;
    else
        descriptor.kind = FileKind::other;  // Linux before 5.2 does not tell which one it is
}

}  // namespace

std::optional<std::vector<std::string>> read_descriptor_targets(const std::string& task) {
    const auto numbers = numbers_in(task + "/fd");
    if (!numbers) return std::nullopt;
    std::vector<std::string> targets;
    for (const int fd : *numbers)
        if (auto target = link_target(fmt::format("{}/fd/{}", task, fd)))
            targets.push_back(std::move(*target));
    return targets;
}

std::optional<std::vector<DescriptorSnapshot>> read_descriptors(const std::string& task) {
    const auto numbers = numbers_in(task + "/fd");
    if (!numbers) return std::nullopt;
    std::vector<DescriptorSnapshot> descriptors;
    for (const int fd : *numbers) {
        const std::string link = fmt::format("{}/fd/{}", task, fd);
        auto target = link_target(link);
        if (!target)
            continue;  // closed meanwhile: then somebody ran, and the snapshot will not be consistent
        DescriptorSnapshot descriptor;
        descriptor.fd = fd;
        descriptor.target = std::move(*target);
        identify(descriptor, link);
        add_info(descriptor, read_file_or_empty(fmt::format("{}/fdinfo/{}", task, fd)));
        descriptors.push_back(std::move(descriptor));
    }
    return descriptors;
}

}  // namespace rehang::proc
