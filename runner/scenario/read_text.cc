#include "scenario/read_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/duration.h"
#include "base/unique_fd.h"

namespace rehang {
namespace {

Unreadable because_of_errno() {
    return {.message = fmt::format("can't read this file: {}", std::strerror(errno)), .hint = {}};
}

Unreadable too_large(std::string_view what) {
    return {.message = fmt::format("larger than {}: no {} is", format_size(max_text_bytes), what),
            .hint = {}};
}

std::expected<std::string, Unreadable> read_all(int fd, std::string_view what) {
    std::string content;
    std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t n = ::read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return std::unexpected(because_of_errno());
        if (n == 0) return content;
        content.append(buffer.data(), static_cast<size_t>(n));
        if (content.size() > max_text_bytes) return std::unexpected(too_large(what));
    }
}

}  // namespace

// O_NONBLOCK: to open a FIFO would wait for its writer.
std::expected<std::string, Unreadable> read_text(const std::string& file, std::string_view what) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return std::unexpected(because_of_errno());
    struct stat status = {};
    if (::fstat(fd.get(), &status) != 0) return std::unexpected(because_of_errno());
    if (S_ISDIR(status.st_mode))
        return std::unexpected(Unreadable{.message = fmt::format("a folder, not a {}", what),
                                          .hint = "name one of the .toml files in it"});
    if (!S_ISREG(status.st_mode))
        return std::unexpected(Unreadable{.message = "not a regular file", .hint = {}});
    if (static_cast<unsigned long long>(status.st_size) > max_text_bytes)
        return std::unexpected(too_large(what));
    return read_all(fd.get(), what);
}

}  // namespace rehang
