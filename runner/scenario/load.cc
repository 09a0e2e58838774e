#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <expected>
#include <filesystem>

#include "base/duration.h"
#include "base/unique_fd.h"
#include "scenario/parse.h"

namespace rehang {
namespace {

struct Unreadable {
    std::string message;
    std::string hint;  // may be empty
};

Unreadable because_of_errno() {
    return {.message = fmt::format("can't read this file: {}", std::strerror(errno)), .hint = {}};
}

Unreadable too_large() {
    return {.message = fmt::format("larger than {}: no scenario is", format_size(max_scenario_bytes)),
            .hint = {}};
}

std::expected<std::string, Unreadable> read_all(int fd) {
    std::string content;
    std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t n = ::read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return std::unexpected(because_of_errno());
        if (n == 0) return content;
        content.append(buffer.data(), static_cast<size_t>(n));
        if (content.size() > max_scenario_bytes) return std::unexpected(too_large());
    }
}

// O_NONBLOCK: to open a FIFO would wait for its writer.
std::expected<std::string, Unreadable> read_text(const std::string& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return std::unexpected(because_of_errno());
    struct stat status = {};
    if (::fstat(fd.get(), &status) != 0) return std::unexpected(because_of_errno());
    if (S_ISDIR(status.st_mode))
        return std::unexpected(
            Unreadable{.message = "a folder, not a scenario", .hint = "name one of the .toml files in it"});
    if (!S_ISREG(status.st_mode))
        return std::unexpected(Unreadable{.message = "not a regular file", .hint = {}});
    if (static_cast<unsigned long long>(status.st_size) > max_scenario_bytes)
        return std::unexpected(too_large());
    return read_all(fd.get());
}

std::string absolute_folder(const std::string& file) {
    std::error_code no_current_folder;
    const auto absolute = std::filesystem::absolute(file, no_current_folder);
    return no_current_folder ? std::string("/") : absolute.lexically_normal().parent_path().string();
}

}  // namespace

ParsedScenario load_scenario(const std::string& file) {
    auto text = read_text(file);
    if (!text) {
        ParsedScenario nothing;
        nothing.scenario.file = file;
        nothing.diagnostics.push_back(
            {.file = file, .at = {}, .message = text.error().message, .hint = text.error().hint});
        return nothing;
    }
    ParsedScenario parsed = parse_scenario(*text, file);
    parsed.scenario.folder = absolute_folder(file);
    return parsed;
}

}  // namespace rehang
