#include "sandbox/private_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/files.h"
#include "base/unique_fd.h"
#include "sandbox/mounts.h"

namespace rehang {

namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;  // as the kernel follows: path_resolution(7)

Expected<std::string> content_of(const PlannedFile& planned) {
    std::error_code ignored;
    if (!planned.appended || !fs::exists(planned.path, ignored)) return planned.text;
    auto host = read_file(planned.path);
    if (!host) return host;
    return *host + planned.text;
}

// Its mode is what the scenario says, whatever the umask.
Expected<void> write_new(const std::string& path, const PrivateFile& file) {
    const UniqueFd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made) return failure(fmt::format("can't make the file {}", path));
    if (auto written = write_file(path, file.content); !written) return written;
    if (::fchmod(made.get(), file.mode) != 0) return failure(fmt::format("can't set the mode of {}", path));
    return {};
}

}  // namespace

Expected<std::vector<PrivateFile>> read_files(const PlannedSandbox& sandbox) {
    std::vector<PrivateFile> files;
    for (const PlannedFile& planned : sandbox.files) {
        auto content = content_of(planned);
        if (!content) return std::unexpected(std::move(content.error()).in("[[sandbox.file]]"));
        files.push_back({.path = fs::path(planned.path).lexically_normal().string(),
                         .content = std::move(*content),
                         .mode = planned.mode});
    }
    return files;
}

Expected<void> write_plain(const PrivateFile& file) {
    return write_new(file.path, file);
}

Expected<void> mount_over(const PrivateFile& file, const std::string& place) {
    constexpr const char* workshop = "/usr";  // any folder: what is made there is taken along
    const std::string made = fmt::format("{}/file", workshop);
    if (auto mounted = mount_empty_folder(workshop, "755"); !mounted) return mounted;
    if (auto written = write_new(made, file); !written) return written;
    const auto copy = copy_mounts(made);
    if (!copy) return std::unexpected(copy.error());
    if (auto left = detach(workshop); !left) return left;
    return attach(*copy, place);
}

std::string without_links(const std::string& path) {
    fs::path place = path;
    std::error_code no_link;
    for (int followed = 0; followed < most_links; ++followed) {
        const fs::path target = fs::read_symlink(place, no_link);
        if (no_link) break;
        place = (place.parent_path() / target).lexically_normal();
    }
    return place.string();
}

}  // namespace rehang
