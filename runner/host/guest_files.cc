#include "host/guest_files.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "base/files.h"
#include "base/unique_fd.h"

namespace rehang {
namespace {

bool is_arm64_elf(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    Elf64_Ehdr header{};
    return fd && ::read(fd.get(), &header, sizeof header) == ssize_t{sizeof header} &&
           std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_machine == EM_AARCH64;
}

// "LD_PRELOAD=/a.so:/b.so" names three things.
std::vector<std::string> parts_of(const std::string& word) {
    std::vector<std::string> parts;
    for (size_t begin = 0; begin <= word.size();) {
        const size_t end = std::min(word.find_first_of("=:, ", begin), word.size());
        if (end > begin) parts.push_back(word.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

}  // namespace

std::optional<std::string> find_guest_file(const std::string& module, const std::vector<std::string>& words) {
    std::vector<std::string> roots;
    for (size_t i = 0; i + 1 < words.size(); ++i)
        if (words[i] == "-L") roots.push_back(words[i + 1]);
    std::vector<std::string> candidates;
    for (const std::string& word : words)
        for (const std::string& part : parts_of(word)) {
            if (file_name(part) != module || !part.starts_with('/')) continue;
            for (const std::string& root : roots) candidates.push_back(root + part);
            candidates.push_back(part);
        }
    for (const std::string& root : roots)
        for (const char* folder :
             {"/usr/lib/aarch64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib", "/lib"})
            candidates.push_back(fmt::format("{}{}/{}", root, folder, module));
    for (const std::string& candidate : candidates)
        if (is_arm64_elf(candidate)) return candidate;
    return std::nullopt;
}

}  // namespace rehang
