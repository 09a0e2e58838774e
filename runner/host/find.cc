#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <string_view>

#include "base/files.h"
#include "base/unique_fd.h"
#include "host/arm64_root.h"
#include "host/host.h"
#include "host/probes.h"
#include "host/search_path.h"

namespace rehang {

namespace {

using Folders = std::vector<std::string>;

// An ELF file for this machine: ld.so passes over libraries of other architectures in the same way.
bool is_native_elf(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    Elf64_Ehdr header{};
    return fd && ::read(fd.get(), &header, sizeof header) == ssize_t{sizeof header} &&
           std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
           header.e_machine == EM_X86_64;
}

bool is_program(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<std::string> matching_files(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> files;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
        files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    return files;
}

// The folders of ld.so.conf (ldconfig(8)): one a line, comments after #, and `include PATTERN`, relative to
// the file's own folder.
void append_configured(const std::string& file, unsigned depth, Folders& folders) {
    constexpr unsigned deepest = 8;  // a file that includes itself ends here
    if (depth > deepest) return;
    std::istringstream lines(read_file_or_empty(file));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string word;
        if (!(words >> word)) continue;
        if (word != "include") {
            folders.push_back(word);
            continue;
        }
        while (words >> word) {
            if (!word.starts_with('/')) word.insert(0, file.substr(0, file.rfind('/') + 1));
            for (const std::string& included : matching_files(word))
                append_configured(included, depth + 1, folders);
        }
    }
}

Folders library_folders() {
    Folders folders;
    append_configured("/etc/ld.so.conf", 0, folders);
    for (const char* folder : {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64",
                               "/lib", "/usr/lib", "/usr/local/lib"})
        if (std::ranges::find(folders, folder) == folders.end()) folders.emplace_back(folder);
    return folders;
}

Expected<void> missing(const std::string& what, const std::string& name) {
    const std::string package = package_for(name);
    return unsupported(fmt::format("{} is not on this host", what),
                       package.empty()
                           ? fmt::format("install what brings {}: apt-file search {} finds the package", name,
                                         file_name(name))
                           : fmt::format("install it: apt install {}", package));
}

Expected<void> check_file(const std::string& name) {
    constexpr std::string_view kvm = "/dev/kvm";
    if (!name.contains('/')) {
        if (find_library(name)) return {};
        return missing(fmt::format("library {}", name), name);
    }
    struct stat status {};
    if (::stat(name.c_str(), &status) != 0) {
        const int error = errno;
        if (name == kvm) return unsupported(fmt::format("{} is not on this host", name), kvm_fix(error));
        if (name.starts_with(arm64_root() + "/"))
            return unsupported(fmt::format("{} is not there: a file of an arm64 system", name),
                               "make it, without being root: tools/arm64-root --update");
        return missing(fmt::format("file {}", name), name);
    }
    const int access = S_ISCHR(status.st_mode) ? R_OK | W_OK : R_OK;
    if (::access(name.c_str(), access) == 0) return {};
    const int error = errno;
    return unsupported(
        fmt::format("{} can't be used: {}", name, std::strerror(error)),
        name == kvm ? kvm_fix(error) : fmt::format("look at its owner and permissions: ls -l {}", name));
}

}  // namespace

std::optional<std::string> find_library(const std::string& name) {
    if (name.contains('/')) return is_native_elf(name) ? std::optional(name) : std::nullopt;
    for (const std::string& folder : library_folders())
        if (std::string path = fmt::format("{}/{}", folder, name); is_native_elf(path)) return path;
    return std::nullopt;
}

std::optional<std::string> find_program(const std::string& name) {
    if (name.contains('/')) return is_program(name) ? std::optional(name) : std::nullopt;
    std::istringstream folders(search_path);
    for (std::string folder; std::getline(folders, folder, ':');)
        if (std::string path = fmt::format("{}/{}", folder, name); is_program(path)) return path;
    return std::nullopt;
}

namespace {

Expected<void> check_root(const std::string& architecture) {
    if (architecture != "arm64")
        return std::unexpected(Error{.kind = Error::Kind::usage,
                                     .what = fmt::format("needs: no root for \"{}\" is known", architecture),
                                     .hint = "known is: \"root:arm64\""});
    const std::string qemu = arm64_root() + "/usr/bin/qemu-system-aarch64";
    if (is_program(qemu)) return {};
    return unsupported(fmt::format("{} is not there: the files of an arm64 system", arm64_root()),
                       "make them, without being root: tools/arm64-root");
}

}  // namespace

Expected<void> check_need(const std::string& need) {
    const auto colon = need.find(':');
    const std::string kind = need.substr(0, colon);
    const std::string name = colon == std::string::npos ? "" : need.substr(colon + 1);
    if (kind == "file" && !name.empty()) return check_file(name);
    if (kind == "program" && !name.empty())
        return find_program(name) ? Expected<void>{} : missing(fmt::format("program {}", name), name);
    if (kind == "root") return check_root(name);
    return std::unexpected(
        Error{.kind = Error::Kind::usage,
              .what = fmt::format("needs: \"{}\" names neither a file nor a program", need),
              .hint = "write \"file:NAME\", \"program:NAME\" or \"root:arm64\""});
}

}  // namespace rehang
