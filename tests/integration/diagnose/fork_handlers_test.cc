#include "diagnose/fork_handlers.h"

#include <unistd.h>

#include "catch.h"
#include "elf_copy.h"

using namespace rehang;
using test::ElfCopy;

namespace {

// A process that has files of this machine mapped, one behind the other; nothing else of it is asked for.
ProcessSnapshot process_with(const std::vector<std::string>& paths) {
    ProcessSnapshot process;
    process.pid = getpid();
    for (const std::string& path : paths) {
        elf::Mapping mapping;
        mapping.start = (process.mappings.size() + 1) << 20;
        mapping.end = mapping.start + 4096;
        mapping.path = path;
        process.mappings.push_back(mapping);
    }
    return process;
}
constexpr std::uint64_t in_first = (std::uint64_t{1} << 20) + 8;
constexpr std::uint64_t in_second = (std::uint64_t{2} << 20) + 8;

std::string libc() {
    const std::string path = test::loaded_library("libc.so");
    REQUIRE_FALSE(path.empty());
    return path;
}

// A library that refers weakly to what registers fork handlers: of C++, with one of its names changed.
class Referring {
  public:
    explicit Referring(const char* symbol) : copy_(test::loaded_library("libstdc++.so")) {
        const Elf64_Shdr symbols = copy_.section(SHT_DYNSYM);
        const Elf64_Shdr names = copy_.section(SHT_STRTAB);
        // A long name is cut, and this one written behind it.
        const size_t name = long_name(names) + 32;
        char* const text_at = copy_.bytes().data() + names.sh_offset + name;
        text_at[-1] = '\0';
        std::strcpy(text_at, symbol);
        for (std::uint64_t at = 0; at < symbols.sh_size; at += sizeof(Elf64_Sym)) {
            auto* const each = copy_.at<Elf64_Sym>(symbols.sh_offset + at);
            const std::string_view text = copy_.bytes().data() + names.sh_offset + each->st_name;
            if (text == "__gmon_start__") each->st_name = static_cast<Elf64_Word>(name);
        }
    }
    ElfCopy& copy() { return copy_; }
    std::string path() { return copy_.path(); }

  private:
    // Where there is room for another one.
    size_t long_name(const Elf64_Shdr& names) {
        const char* const all = copy_.bytes().data() + names.sh_offset;
        for (size_t at = 1; at < names.sh_size; at += std::strlen(all + at) + 1)
            if (std::strlen(all + at) > 64) return at;
        FAIL("no long name");
        return 0;
    }
    ElfCopy copy_;
};

}  // namespace

TEST_CASE("a weak reference to what registers fork handlers is null if no module exports it") {
    for (const char* symbol : {"pthread_atfork", "__register_atfork"}) {
        INFO(symbol);
        Referring library(symbol);
        elf::Files files;
        const auto missing = missing_fork_handlers(files, process_with({library.path()}), in_first);
        REQUIRE(missing);
        CHECK(missing->symbol == symbol);
        CHECK_FALSE(missing->module.empty());
        CHECK(missing->sentence.find(symbol) != std::string::npos);
    }
}

TEST_CASE("it is not if some module exports it, wherever that is mapped") {
    Referring library("__register_atfork");
    const std::string path = library.path();
    elf::Files files;
    CHECK_FALSE(missing_fork_handlers(files, process_with({path, libc()}), in_first));
    CHECK_FALSE(missing_fork_handlers(files, process_with({libc(), path}), in_second));
}

TEST_CASE("nothing is known of a lock in no module, or in one without such a reference or without linkage") {
    Referring library("pthread_atfork");
    const std::string path = library.path();
    elf::Files files;
    CHECK_FALSE(missing_fork_handlers(files, process_with({path}), in_second));
    CHECK_FALSE(missing_fork_handlers(files, process_with({path}), 0));
    CHECK_FALSE(missing_fork_handlers(files, process_with({path}), ~std::uint64_t{0}));
    CHECK_FALSE(missing_fork_handlers(files, process_with({libc(), path}), in_first));
    CHECK_FALSE(missing_fork_handlers(files, process_with({"/no/such/library.so"}), in_first));
    CHECK_FALSE(missing_fork_handlers(files, process_with({"/dev/null"}), in_first));
    CHECK_FALSE(missing_fork_handlers(files, process_with({}), in_first));
    ProcessSnapshot gone = process_with({path});
    gone.pid = 0;  // there is none, so it has no files
    CHECK_FALSE(missing_fork_handlers(files, gone, in_first));
}

TEST_CASE("modules that can't be read export nothing") {
    Referring library("pthread_atfork");
    elf::Files files;
    CHECK(missing_fork_handlers(files, process_with({library.path(), "/no/such/library.so", "/dev/null"}),
                                in_first));
}

TEST_CASE("what qemu-user itself is linked to is not there for its guest") {
    Referring library("__register_atfork");
    library.copy().header().e_machine = EM_AARCH64;
    const std::string guests = library.path();
    elf::Files files;
    CHECK(missing_fork_handlers(files, process_with({guests, libc()}), in_first));
    ElfCopy guests_libc(libc());
    guests_libc.header().e_machine = EM_AARCH64;
    CHECK_FALSE(missing_fork_handlers(files, process_with({guests, libc(), guests_libc.path()}), in_first));
}

TEST_CASE("tcmalloc's fork handlers are registered where the C library exports pthread_atfork") {
    const std::string tcmalloc = test::installed_tcmalloc();
    if (tcmalloc.empty()) {
        WARN("skipped: no libtcmalloc.so.4 is installed");
        return;
    }
    elf::Files files;
    CHECK(missing_fork_handlers(files, process_with({tcmalloc}), in_first));
    CHECK_FALSE(missing_fork_handlers(files, process_with({tcmalloc, libc()}), in_first));
}
