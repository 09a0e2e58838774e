#include "replay/keep.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/files.h"

namespace rehang {
namespace {

namespace fs = std::filesystem;

// 0 of what is gone.
dev_t file_system_of(const fs::path& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_dev : 0;
}

// Copies what is data; tells what is not by an empty file with a speaking name. What is mounted below is the
// host's (a scenario's folder, say): it does not vanish, and the kept files may be in there themselves.
void copy_tree(const fs::path& from, const fs::path& to, std::error_code& error) {
    const dev_t own = file_system_of(from);
    fs::create_directories(to, error);
    for (const fs::directory_entry& entry :
         fs::directory_iterator(from, fs::directory_options::skip_permission_denied, error)) {
        if (file_system_of(entry.path()) != own) continue;
        const fs::path target = to / entry.path().filename();
        std::error_code one;
        if (entry.is_symlink(one))
            fs::copy_symlink(entry.path(), target, one);
        else if (entry.is_directory(one))
            copy_tree(entry.path(), target, one);
        else if (entry.is_regular_file(one))
            fs::copy_file(entry.path(), target, one);
        else
            static_cast<void>(write_file(target.string() + (entry.is_fifo(one)     ? ".fifo"
                                                            : entry.is_socket(one) ? ".socket"
                                                                                   : ".device"),
                                         ""));
        if (one) error = one;
    }
}

}  // namespace

Expected<void> keep(const std::string& folder, pid_t init, const Plan& plan, const RunReport& report) {
    std::error_code error;
    if (fs::exists(folder, error) && !fs::is_empty(folder, error))
        return std::unexpected(Error{.what = fmt::format("{} is not empty", folder),
                                     .hint = "move it away: nothing is overwritten"});
    fs::create_directories(folder, error);
    if (error) return failure(fmt::format("can't make {}", folder), error.value());

    std::vector<std::string> folders = {"/tmp", "/var/tmp", "/run", "/dev/shm"};
    folders.insert(folders.end(), plan.sandbox.private_folders.begin(), plan.sandbox.private_folders.end());
    for (const std::string& inside : folders) {
        const fs::path seen = fmt::format("/proc/{}/root{}", init, inside);
        if (fs::is_empty(seen, error) || error) continue;
        copy_tree(seen, fs::path(folder) / "files" / inside.substr(1), error);
        if (error) return failure(fmt::format("can't keep {}", inside), error.value());
    }
    for (const StreamReport& stream : report.streams) {
        if (auto out = write_file(fmt::format("{}/{}.stdout", folder, stream.process), stream.out); !out)
            return out;
        if (auto err = write_file(fmt::format("{}/{}.stderr", folder, stream.process), stream.err); !err)
            return err;
    }
    return {};
}

}  // namespace rehang
