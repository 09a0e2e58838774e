#include "cli/json_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace rehang {
namespace {

bool is_regular(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

// At the offset, or where the file stands if there is none.
bool write_all(int fd, std::string_view text, std::optional<off_t> offset) {
    while (!text.empty()) {
        const ssize_t n =
            offset ? ::pwrite(fd, text.data(), text.size(), *offset) : ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        text.remove_prefix(static_cast<size_t>(n));
        if (offset) *offset += n;
    }
    return true;
}

}  // namespace

Expected<OutputFile> OutputFile::open(const std::string& name) {
    OutputFile file;
    file.name_ = name;
    if (name.empty()) return file;
    file.file_.reset(name == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                                 : ::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file.file_) {
        auto error = failure(fmt::format("can't write to {}", name));
        error.error().kind = Error::Kind::usage;
        return error;
    }
    // What stdout is sent to may already hold something, and is not ours to cut.
    if (name != "-" && is_regular(file.file_.get())) file.tail_at_ = 0;
    return file;
}

Expected<void> OutputFile::write(std::string_view text, std::string_view tail) {
    const std::string all = tail_at_ ? fmt::format("{}{}", text, tail) : std::string(text);
    if (!write_all(file_.get(), all, tail_at_)) return failure(fmt::format("can't write to {}", name_));
    if (!tail_at_) return {};
    *tail_at_ += static_cast<off_t>(text.size());
    // An older, longer report may have been there.
    [[maybe_unused]] const int cut = ::ftruncate(file_.get(), *tail_at_ + static_cast<off_t>(tail.size()));
    return {};
}

Expected<void> JsonFile::add(const RunReport& run) {
    if (!file_.wanted()) return {};
    const std::string head = first_ ? document_head(intended_) : "";
    auto written = file_.write(head + document_run(run, first_), document_tail({}));
    first_ = false;
    return written;
}

Expected<void> JsonFile::finish(const std::vector<FailedRun>& failures) {
    if (!file_.wanted()) return {};
    const std::string head = first_ ? document_head(intended_) : "";
    first_ = false;
    return file_.write(head + document_tail(failures));
}

}  // namespace rehang
