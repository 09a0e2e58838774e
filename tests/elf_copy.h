// A copy of an ELF file of 64 bits, in memory, to be bent: what broken or hostile files look like.
#pragma once

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/unique_fd.h"
#include "catch.h"

namespace rehang::test {

class ElfCopy {
  public:
    explicit ElfCopy(const std::string& original) : bytes_(read_file_or_empty(original)) {
        REQUIRE(bytes_.size() > sizeof(Elf64_Ehdr));
    }

    Elf64_Ehdr& header() { return *at<Elf64_Ehdr>(0); }
    // The first one of this type (SHT_…).
    Elf64_Shdr& section(std::uint32_t type) {
        for (std::uint64_t i = 0; i < header().e_shnum; ++i) {
            Elf64_Shdr& section = *at<Elf64_Shdr>(header().e_shoff + i * sizeof(Elf64_Shdr));
            if (section.sh_type == type) return section;
        }
        FAIL("no such section");
        return *at<Elf64_Shdr>(0);
    }
    template <class T>
    T* at(std::uint64_t offset) {
        REQUIRE(offset + sizeof(T) <= bytes_.size());
        return reinterpret_cast<T*>(bytes_.data() + offset);
    }
    std::string& bytes() { return bytes_; }

    // A file with these contents, by a path that is good as long as this object, or until the next call.
    std::string path() {
        file_.reset(::memfd_create("copy", MFD_CLOEXEC));
        REQUIRE(file_);
        REQUIRE(::write(file_.get(), bytes_.data(), bytes_.size()) == static_cast<ssize_t>(bytes_.size()));
        return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_.get());
    }

  private:
    std::string bytes_;
    UniqueFd file_;
};

// A library that this process has loaded, by the begin of its name; "" if there is none.
inline std::string loaded_library(const std::string& name) {
    const std::string maps = read_file_or_empty("/proc/self/maps");
    const size_t found = maps.find("/" + name);
    if (found == std::string::npos) return {};
    const size_t begin = maps.rfind(' ', found) + 1;
    return maps.substr(begin, maps.find('\n', begin) - begin);
}

// Of gperftools; "" where it is not installed.
inline std::string installed_tcmalloc() {
    for (const char* folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"})
        if (const std::string path = std::string(folder) + "/libtcmalloc.so.4";
            ::access(path.c_str(), R_OK) == 0)
            return path;
    return {};
}

}  // namespace rehang::test
