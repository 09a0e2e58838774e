#include "sandbox/folder_maker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "sandbox/mounts.h"

namespace rehang {

namespace {

namespace fs = std::filesystem;

Expected<void> make_one(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0755) != 0) return failure(fmt::format("can't make the folder {}", folder));
    return {};
}

Expected<void> make_empty_file(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0444));
    if (!file) return failure(fmt::format("can't make the file {}", path));
    return {};
}

// A symbolic link is copied; anything else is mounted on an empty folder or file.
Expected<void> show_entry(const fs::directory_entry& entry, const std::string& target) {
    std::error_code error;
    const fs::file_type type = entry.symlink_status(error).type();
    if (error) return failure(fmt::format("can't look at {}", entry.path().string()), error.value());
    if (type == fs::file_type::symlink) {
        fs::copy_symlink(entry.path(), target, error);
        if (error) return failure(fmt::format("can't copy the link {}", target), error.value());
        return {};
    }
    const auto made = type == fs::file_type::directory ? make_one(target) : make_empty_file(target);
    return made ? bind(entry.path().string(), target) : made;
}

Expected<void> show_entries(const std::string& from, const std::string& to) {
    std::error_code error;
    for (fs::directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error))
        if (auto shown = show_entry(*entry, fmt::format("{}/{}", to, entry->path().filename().string()));
            !shown)
            return shown;
    if (error) return failure(fmt::format("can't list {}", to), error.value());
    return {};
}

// Mounts an empty folder at `place` and shows in it what `folder` shows. They may be the same.
Expected<void> mount_copy(const std::string& folder, const std::string& place) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return failure(fmt::format("can't look at {}", folder));
    const std::string mode = fmt::format("{:o}", status.st_mode & 07777U);
    const std::string original =
        place + "/.rehang-original";  // the folder itself, while its entries are mounted

    const auto tree = copy_mounts(folder);
    if (!tree) return std::unexpected(tree.error());
    if (auto mounted = mount_empty_folder(place, mode.c_str()); !mounted) return mounted;
    if (auto made = make_one(original); !made) return made;
    if (auto attached = attach(*tree, original); !attached) return attached;
    if (auto shown = show_entries(original, place); !shown) return shown;
    if (auto gone = detach(original); !gone) return gone;
    if (::rmdir(original.c_str()) != 0) return failure(fmt::format("can't remove {}", original));
    return {};
}

}  // namespace

Expected<void> FolderMaker::make(const std::string& path) {
    std::string folder;
    std::error_code ignored;
    for (const fs::path& part : fs::path(path)) {
        const std::string parent = folder.empty() ? "/" : folder;
        folder = (fs::path(parent) / part).string();
        if (fs::is_directory(folder, ignored) || ::mkdir(folder.c_str(), 0755) == 0) continue;
        if (errno != EROFS) return failure(fmt::format("can't make the folder {}", folder));
        if (auto replaced = replace_by_copy(parent); !replaced) return replaced;
        if (auto made = make_one(folder); !made) return made;
    }
    return {};
}

Expected<void> FolderMaker::make_file(const std::string& path) {
    const std::string folder = fs::path(path).parent_path().string();
    if (auto made = make(folder); !made) return made;
    struct statvfs file_system {};
    if (::statvfs(folder.c_str(), &file_system) == 0 && (file_system.f_flag & ST_RDONLY) != 0)
        if (auto replaced = replace_by_copy(folder); !replaced) return replaced;
    return make_empty_file(path);
}

Expected<void> FolderMaker::finish() {
    for (const std::string& copy : copies_)
        if (auto done = make_read_only(copy); !done) return done;
    return {};
}

Expected<void> FolderMaker::replace_by_copy(const std::string& folder) {
    copies_.push_back(folder);
    if (folder != "/") return mount_copy(folder, folder);
    // Nothing can be put over the root from within: its copy is made on top of some other folder, then
    // entered.
    constexpr const char* place = "/usr";
    if (auto copied = mount_copy("/", place); !copied) return copied;
    const UniqueFd root(::open(place, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) return failure("can't open the copy of the root");
    return enter_root(root);
}

}  // namespace rehang
