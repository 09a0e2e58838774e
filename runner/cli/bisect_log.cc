#include "cli/bisect_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

namespace rehang {

Expected<LogFile> LogFile::open(const std::string& name, const Question& question) {
    LogFile log;
    log.name_ = name;
    if (name.empty()) return log;
    log.file_.reset(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0644));
    if (!log.file_) {
        auto error = failure(fmt::format("can't write to {}", name));
        error.error().kind = Error::Kind::usage;
        return error;
    }
    // A device or a pipe has no end, or keeps nothing.
    struct stat status {};
    if (::fstat(log.file_.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return misuse(fmt::format("{} is no regular file", name), "--log bisect.log");
    const auto text = read_file(name);
    if (!text) return std::unexpected(text.error());
    auto known = read_log(*text, name, question);
    if (!known) return std::unexpected(known.error());
    log.known_ = std::move(*known);
    // A line that was broken off is written again.
    const size_t whole = text->rfind('\n') == std::string::npos ? 0 : text->rfind('\n') + 1;
    if (whole < text->size() && ::ftruncate(log.file_.get(), static_cast<off_t>(whole)) != 0)
        return failure(fmt::format("can't write to {}", name));
    if (whole > 0) return log;
    if (auto begun = log.write(to_line(question)); !begun) return std::unexpected(begun.error());
    return log;
}

Expected<void> LogFile::add(const LoggedVersion& version) const {
    if (!file_) return {};
    return write(to_line(version));
}

Expected<void> LogFile::write(std::string_view line) const {
    const ssize_t written = ::write(file_.get(), line.data(), line.size());
    if (written < 0) return failure(fmt::format("can't write to {}", name_));
    if (static_cast<size_t>(written) < line.size())
        return failure(fmt::format("can't write to {}", name_), ENOSPC);
    return {};
}

}  // namespace rehang
