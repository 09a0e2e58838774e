#include "sandbox/kept_files.h"

#include <algorithm>
#include <filesystem>

#include "sandbox/mounts.h"

namespace rehang {

namespace fs = std::filesystem;

Expected<std::vector<KeptFile>> KeptFiles::collect(const Plan& plan) && {
    for (const std::string& folder : plan.sandbox.visible)
        if (auto kept = keep(folder); !kept) return std::unexpected(kept.error());
    for (const PlannedProcess& process : plan.processes) {
        if (!process.argv.empty())
            if (auto kept = keep_with_folder(process.argv[0]); !kept) return std::unexpected(kept.error());
        for (const std::string& library : process.preload)
            if (auto kept = keep_with_folder(library); !kept) return std::unexpected(kept.error());
    }
    return std::move(kept_);
}

// The file's folder, for what it loads from beside itself; the file alone where that folder is to be empty.
Expected<void> KeptFiles::keep_with_folder(const std::string& file) {
    if (!file.starts_with('/')) return {};
    const std::string folder = fs::path(file).lexically_normal().parent_path().string();
    return keep(is_private(folder) ? file : folder);
}

// Under the name given and the one behind symbolic links: targets may come by either.
Expected<void> KeptFiles::keep(const std::string& path) {
    std::error_code missing;
    const std::string real = fs::canonical(path, missing).string();
    if (missing) return {};
    if (auto kept = keep_as(fs::path(path).lexically_normal().string(), real); !kept) return kept;
    return keep_as(real, real);
}

Expected<void> KeptFiles::keep_as(const std::string& path, const std::string& real) {
    if (is_private(path) || !is_hidden(path) || !seen_.insert(path).second) return {};
    auto copy = read_only_copy(real);
    if (!copy) return std::unexpected(copy.error());
    std::error_code ignored;
    kept_.push_back({.path = path, .folder = fs::is_directory(real, ignored), .copy = std::move(*copy)});
    return {};
}

bool KeptFiles::is_private(const std::string& path) const {
    return std::ranges::find(private_folders_, path) != private_folders_.end();
}

bool KeptFiles::is_hidden(const std::string& path) const {
    return std::ranges::any_of(private_folders_,
                               [&path](const std::string& folder) { return path.starts_with(folder + "/"); });
}

}  // namespace rehang
