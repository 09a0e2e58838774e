// Files of a guest of qemu-user, by the words that qemu-user is started with.
#include "host/guest_files.h"

#include <elf.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "catch.h"

using namespace rehang;
namespace fs = std::filesystem;

namespace {

// A folder below /tmp with files that begin as ELF files do; gone at the end.
class Root {
  public:
    Root() {
        char name[] = "/tmp/rehang-guest-XXXXXX";
        REHANG_CHECK(mkdtemp(name) != nullptr);
        path_ = name;
    }
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    ~Root() { fs::remove_all(path_); }

    const std::string& path() const { return path_; }
    std::string add(const std::string& file, Elf64_Half machine = EM_AARCH64) const {
        Elf64_Ehdr header = {};
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_machine = machine;
        const std::string path = path_ + file;
        fs::create_directories(fs::path(path).parent_path());
        std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(&header), sizeof header);
        return path;
    }

  private:
    std::string path_;
};

}  // namespace

TEST_CASE("a guest's program is one of qemu-user's words") {
    const Root root;
    const std::string program = root.add("/bin/guest");
    CHECK(find_guest_file("guest", {"qemu-aarch64-static", program, "argument"}) == program);
    CHECK_FALSE(find_guest_file("other", {"qemu-aarch64-static", program}));
    CHECK_FALSE(find_guest_file("guest", {"qemu-aarch64-static", "guest"}));  // in which folder?
    CHECK_FALSE(find_guest_file("guest", {}));
}

TEST_CASE("a preloaded library is a part of a word") {
    const Root root;
    const std::string first = root.add("/a/first.so"), second = root.add("/b/second.so");
    const std::vector<std::string> words = {"qemu-aarch64-static", "-E",
                                            "LD_PRELOAD=" + first + ":" + second};
    CHECK(find_guest_file("first.so", words) == first);
    CHECK(find_guest_file("second.so", words) == second);
}

TEST_CASE("a library is looked for below the root that -L names, and before the host's") {
    const Root root, host;
    const std::vector<std::string> words = {"qemu-aarch64-static", "-L", root.path(),
                                            host.add("/lib/libnamed.so")};
    CHECK(find_guest_file("libnamed.so", words) == host.path() + "/lib/libnamed.so");
    const std::string below = root.add(host.path() + "/lib/libnamed.so");
    CHECK(find_guest_file("libnamed.so", words) == below);
    for (const char* folder : {"/lib", "/usr/lib", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"}) {
        const std::string library = root.add(std::string(folder) + "/libguest.so.1");
        CHECK(find_guest_file("libguest.so.1", words) == library);  // the later ones go before
    }
    CHECK_FALSE(find_guest_file("libguest.so.1", {"qemu-aarch64-static", "-L"}));
    CHECK_FALSE(find_guest_file("libguest.so.1", {"qemu-aarch64-static"}));
}

TEST_CASE("files of this machine, and what is no ELF file, are none of a guest's") {
    const Root root;
    const std::string wrong = root.add("/bin/wrong", EM_X86_64);
    CHECK_FALSE(find_guest_file("wrong", {wrong}));
    std::ofstream(root.path() + "/bin/script") << "#!/bin/sh\n";
    std::ofstream(root.path() + "/bin/empty");
    for (const char* name : {"script", "empty", "bin", "missing"})
        CHECK_FALSE(find_guest_file(name, {root.path() + "/bin/" + name, root.path() + "/bin"}));
}
