#include "bisect/unpack_debian.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"
#include "bisect/shell.h"

namespace rehang {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> cannot_unpack(const std::string& what, const std::error_code& error) {
    return failure(fmt::format("can't unpack {}", what), error.value());
}

// As `dpkg-deb -x`, but what a package has in /lib goes where the link of that name leads to.
constexpr std::string_view unpack_one =
    R"(dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --no-same-owner --keep-directory-symlink --anchored)"
    " --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/info"
    " --exclude=./usr/share/locale --exclude=./usr/share/lintian --exclude=./usr/share/bug";

// On every Debian these are links, though older packages have files there.
std::error_code make_merged_usr(const fs::path& root) {
    std::error_code error;
    for (const char* folder : {"bin", "sbin", "lib", "lib64", "lib32"}) {
        fs::create_directories(root / "usr" / folder, error);
        if (!error) fs::create_symlink(fs::path("usr") / folder, root / folder, error);
        if (error) return error;
    }
    return {};
}

// A link to /lib/x as ../../lib/x.
std::error_code keep_inside(const fs::path& root, const fs::directory_entry& entry) {
    std::error_code error;
    if (entry.is_symlink(error)) {
        const fs::path to = fs::read_symlink(entry.path(), error);
        if (error || !to.is_absolute()) return error;
        fs::remove(entry.path(), error);
        if (!error) {
            const fs::path inside = root / to.relative_path();
            fs::create_symlink(inside.lexically_relative(entry.path().parent_path()), entry.path(), error);
        }
        return error;
    }
    constexpr auto as_owner = fs::perms::set_uid | fs::perms::set_gid;
    if (entry.is_regular_file(error) && (entry.status(error).permissions() & as_owner) != fs::perms::none)
        fs::permissions(entry.path(), as_owner, fs::perm_options::remove, error);
    return error;
}

std::error_code keep_all_inside(const fs::path& root) {
    std::error_code error;
    fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, error);
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error))
        if (const auto failed = keep_inside(root, *at)) return failed;
    return error;
}

}  // namespace

Expected<void> unpack_debian(const std::vector<std::string>& packages, const std::string& root,
                             const std::string& aside, const std::string& log) {
    std::error_code error;
    fs::remove_all(aside, error);
    if (!error) error = make_merged_usr(aside);
    if (error) return cannot_unpack(aside, error);
    for (const std::string& package : packages) {
        const auto ended = run_and_read("sh", {"-c", std::string(unpack_one), "sh", package, aside}, log);
        if (!ended) return std::unexpected(ended.error());
        if (ended->status != 0)
            return std::unexpected(Error{.what = fmt::format("can't unpack {}", package),
                                         .hint = fmt::format("{} says why", log)});
    }
    std::string list;
    for (const std::string& package : packages) list += fmt::format("{}\n", file_name(package));
    if (auto written = write_file(aside + "/packages", list); !written) return written;
    if (error = keep_all_inside(aside); error) return cannot_unpack(aside, error);
    fs::rename(aside, root, error);
    // Another release may have the same packages, and have been first.
    std::error_code ignored;
    if (error && !fs::exists(root, ignored)) return cannot_unpack(root, error);
    fs::remove_all(aside, error);
    return {};
}

}  // namespace rehang
