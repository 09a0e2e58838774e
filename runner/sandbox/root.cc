#include "sandbox/root.h"

#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include "host/namespaces.h"
#include "sandbox/folder_maker.h"
#include "sandbox/kept_files.h"
#include "sandbox/mounts.h"
#include "sandbox/private_files.h"

namespace rehang {

namespace {

// One thing to be put over the read-only view of the host: an empty folder, or what the host has at the same
// path.
struct Placement {
    std::string path;
    const char* mode = "";         // of the empty folder
    std::optional<KeptFile> kept;  // nothing: an empty folder
};

std::string normal(const std::string& folder) {
    std::string path = std::filesystem::path(folder).lexically_normal().string();
    if (path.ends_with('/')) path.pop_back();
    return path;
}

std::vector<Placement> empty_folders(const Plan& plan) {
    std::vector<Placement> folders;
    const auto add = [&folders](std::string path, const char* mode) {
        if (std::ranges::find(folders, path, &Placement::path) == folders.end())
            folders.push_back({.path = std::move(path), .mode = mode, .kept = {}});
    };
    add("/dev/shm", "1777");
    add("/run", "755");
    add("/tmp", "1777");
    add("/var/tmp", "1777");
    for (const std::string& path : plan.sandbox.private_folders) add(normal(path), "755");
    return folders;
}

// All of them, outer ones first: an inner one placed earlier would be hidden.
Expected<std::vector<Placement>> placements(const Plan& plan) {
    std::vector<Placement> all = empty_folders(plan);
    std::vector<std::string> private_folders;
    private_folders.reserve(all.size());
    for (const Placement& folder : all) private_folders.push_back(folder.path);
    auto kept = KeptFiles(std::move(private_folders)).collect(plan);
    if (!kept) return std::unexpected(kept.error());
    for (KeptFile& file : *kept) {
        std::string path = file.path;
        all.push_back({.path = std::move(path), .mode = "", .kept = std::move(file)});
    }
    std::ranges::sort(all, {}, &Placement::path);
    return all;
}

// Whether what lies nearest above the path is an empty folder of the sandbox's own.
bool is_in_empty_folder(const std::string& path, const std::vector<Placement>& all) {
    const Placement* nearest = nullptr;
    for (const Placement& placement : all)
        if (path.starts_with(placement.path + "/")) nearest = &placement;  // outer ones come first
    return nearest != nullptr && !nearest->kept;
}

Expected<void> place_file(const PrivateFile& file, const std::vector<Placement>& all, FolderMaker& maker) {
    const std::string place = without_links(file.path);
    if (is_in_empty_folder(place, all)) {
        const auto made = maker.make(std::filesystem::path(place).parent_path().string());
        return made ? write_plain({.path = place, .content = file.content, .mode = file.mode}) : made;
    }
    std::error_code ignored;
    if (std::filesystem::is_directory(place, ignored))
        return std::unexpected(Error{.what = "there is a folder", .hint = "write the path of a file"});
    if (!std::filesystem::exists(place, ignored))
        if (auto made = maker.make_file(place); !made) return made;
    return mount_over(file, place);
}

Expected<void> place(const Placement& placement, FolderMaker& maker) {
    const bool is_file = placement.kept && !placement.kept->folder;
    const auto made = is_file ? maker.make_file(placement.path) : maker.make(placement.path);
    if (!made) return made;
    if (placement.kept) return attach(placement.kept->copy, placement.path);
    return mount_empty_folder(placement.path, placement.mode);
}

Expected<void> mount_proc() {
    if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
        return namespace_failure("can't mount /proc");
    // These settings are the whole system's, and when the host's root runs us, uid 0 in here is their owner.
    for (const std::string path :
         {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"}) {
        if (::access(path.c_str(), F_OK) != 0) continue;
        if (auto bound = bind(path, path); !bound) return bound;
        if (auto made = make_read_only(path); !made) return made;
    }
    return {};
}

// Terminals of the sandbox's own. The host's are not there: a target must not write on the user's screen.
Expected<void> mount_terminals() {
    if (::access("/dev/pts", F_OK) != 0) return {};  // a host without any
    if (::mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                "newinstance,ptmxmode=0666,mode=0600") != 0)
        return namespace_failure("can't mount /dev/pts");
    return {};
}

}  // namespace

Expected<void> build_root(const Plan& plan) {
    // From here on nothing that is mounted reaches the host's namespace.
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return namespace_failure("can't make the mounts private");

    const auto all = placements(plan);  // takes along what the host has, before it is hidden
    if (!all) return std::unexpected(all.error());
    const auto files = read_files(plan.sandbox);
    if (!files) return std::unexpected(files.error());
    const auto root = read_only_copy("/");
    if (!root) return std::unexpected(root.error());
    if (auto attached = attach(*root, "/usr"); !attached)
        return attached;  // on any folder: it is left behind
    if (auto entered = enter_root(*root); !entered) return entered;
    if (auto mounted = mount_proc(); !mounted) return mounted;
    if (auto mounted = mount_terminals(); !mounted) return mounted;

    FolderMaker maker;
    for (const Placement& placement : *all)
        if (auto placed = place(placement, maker); !placed) return placed;
    // After all of these: a link may lead a file to anywhere.
    for (const PrivateFile& file : *files)
        if (auto placed = place_file(file, *all, maker); !placed)
            return std::unexpected(
                std::move(placed.error()).in(fmt::format("[[sandbox.file]] {}", file.path)));
    return maker.finish();
}

}  // namespace rehang
