#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>

#include "base/unique_fd.h"

namespace rehang {

Expected<std::string> read_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return failure(fmt::format("can't open {}", path));
    std::string content;
    std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failure(fmt::format("can't read {}", path));
        if (n == 0) return content;
        content.append(buffer.data(), static_cast<size_t>(n));
    }
}

std::string read_file_or_empty(const std::string& path) {
    return read_file(path).value_or(std::string());
}

std::string read_record(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> buffer;
    const ssize_t n = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
    return n > 0 ? std::string(buffer.data(), static_cast<size_t>(n)) : std::string();
}

Expected<void> write_file(const std::string& path, std::string_view content) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return failure(fmt::format("can't open {} for writing", path));
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0) return failure(fmt::format("can't write {}", path));
    if (static_cast<size_t>(n) != content.size())
        return std::unexpected(
            Error{.what = fmt::format("can't write {}: only {} of {} bytes fitted", path, n, content.size()),
                  .hint = {}});
    return {};
}

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace rehang
