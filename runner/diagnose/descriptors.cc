// proc::read_descriptors. Source: proc(5), /proc/PID/fd and fdinfo.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
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

// A FIFO shows the path of its file, like any other file: only stat(2) tells.
void look_at_file(DescriptorSnapshot& descriptor, const std::string& link) {
    struct stat status {};
    if (stat(link.c_str(), &status) != 0) return;
    descriptor.pipe = S_ISFIFO(status.st_mode);
    descriptor.inode = status.st_ino;
    descriptor.device = status.st_dev;
}

void identify(DescriptorSnapshot& descriptor, const std::string& link) {
    if (const auto pipe = inode_in(descriptor.target, "pipe")) {
        descriptor.pipe = true;
        descriptor.inode = *pipe;
    } else if (const auto socket = inode_in(descriptor.target, "socket")) {
        descriptor.inode = *socket;
    } else if (descriptor.target.starts_with('/')) {
        look_at_file(descriptor, link);
    }
}

void add_info(DescriptorSnapshot& descriptor, const std::string& text) {
    FdInfo info = parse_fdinfo(text);
    const unsigned mode = info.flags & O_ACCMODE;
    descriptor.readable = mode != O_WRONLY;
    descriptor.writable = mode != O_RDONLY;
    descriptor.scm_fds = info.scm_fds;
    descriptor.watched = std::move(info.watched);
    descriptor.locks = std::move(info.locks);
    descriptor.sends_signals = (info.flags & O_ASYNC) != 0;
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
