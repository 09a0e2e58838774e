#include "debian_mirror.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "catch.h"
#include "command.h"

namespace rehang::e2e {
namespace {

namespace fs = std::filesystem;

void run_or_fail(const std::string& program, const std::vector<std::string>& words) {
    const Finished ended = run_program(program, words);
    INFO(program << ": " << ended.err);
    REQUIRE(ended.status == 0);
}

std::string sha256(const std::string& file) {
    const Finished sum = run_program("/usr/bin/env", {"sha256sum", file});
    return sum.out.substr(0, sum.out.find(' '));
}

std::string control_of(const MadePackage& package) {
    const std::string depends = package.depends.empty() ? "" : fmt::format("Depends: {}\n", package.depends);
    return fmt::format(
        "Package: {}\nVersion: {}\nArchitecture: amd64\nMaintainer: Nobody <n@example.org>\n{}"
        "Description: for a test\n",
        package.name, package.version, depends);
}

}  // namespace

void DebianMirrorFolder::add_release(const std::string& release,
                                     const std::vector<MadePackage>& packages) const {
    const fs::path folder = fs::path(path_) / "debian/dists" / release / "main/binary-amd64";
    fs::create_directories(folder);
    std::ofstream list(folder / "Packages");
    for (const MadePackage& package : packages) {
        build(package);
        list << record_of(package) << '\n';
    }
    list.close();
    run_or_fail("/usr/bin/env", {"gzip", "--keep", folder / "Packages"});
    std::ofstream head(folder / "../../Release");
    head << fmt::format(
        "Suite: {0}\nCodename: {0}\nDate: Sat, 01 Jan 2022 00:00:00 UTC\nArchitectures: amd64\n"
        "Components: main\nSHA256:\n",
        release);
    for (const char* name : {"Packages", "Packages.gz"})
        head << fmt::format(" {} {} main/binary-amd64/{}\n", sha256(folder / name),
                            fs::file_size(folder / name), name);
    fs::remove(folder / "Packages");  // so that apt has a copy of its own
}

std::string DebianMirrorFolder::file_of(const std::string& package, const std::string& version) const {
    return fmt::format("{}/debian/pool/{}_{}_amd64.deb", path_, package,
                       version.substr(version.find(':') + 1));
}

std::string DebianMirrorFolder::record_of(const MadePackage& package) const {
    const std::string file = file_of(package.name, package.version);
    return fmt::format("{}Filename: pool/{}\nSize: {}\nSHA256: {}\n", control_of(package),
                       fs::path(file).filename().string(), fs::file_size(file), sha256(file));
}

void DebianMirrorFolder::build(const MadePackage& package) const {
    const fs::path file = file_of(package.name, package.version), tree = path_ + "/tree";
    if (fs::exists(file)) return;
    fs::create_directories(file.parent_path());
    fs::create_directories(tree / "DEBIAN");
    std::ofstream(tree / "DEBIAN/control") << control_of(package);
    for (const auto& [path, content] : package.files) {
        fs::create_directories((tree / path).parent_path());
        std::ofstream(tree / path) << content;
        fs::permissions(tree / path, fs::perms::owner_all | fs::perms::group_exec | fs::perms::set_uid);
    }
    for (const auto& [path, to] : package.links) {
        fs::create_directories((tree / path).parent_path());
        fs::create_symlink(to, tree / path);
    }
    run_or_fail("/usr/bin/env", {"dpkg-deb", "--root-owner-group", "--build", tree, file});
    fs::remove_all(tree);
}

}  // namespace rehang::e2e
