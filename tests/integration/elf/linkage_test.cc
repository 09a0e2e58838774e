#include "elf/linkage.h"

#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "catch.h"
#include "elf/symbols.h"
#include "elf_copy.h"

using namespace rehang;
using elf::Linkage;
using test::ElfCopy;

namespace {

std::string libc() {
    const std::string path = test::loaded_library("libc.so");
    REQUIRE_FALSE(path.empty());
    return path;
}

// A library that calls others: that of C++.
std::string caller() {
    const std::string path = test::loaded_library("libstdc++.so");
    REQUIRE_FALSE(path.empty());
    return path;
}

bool is_empty(const Linkage& linkage) {
    return !linkage.exports("malloc") && !linkage.exports("__cxa_throw") &&
           linkage.slots_of("malloc").empty() && !linkage.refers_weakly_to("__gmon_start__");
}

// One that has all kinds: exported functions, weak references and slots.
bool is_callers(const Linkage& linkage) {
    return linkage.exports("__cxa_throw") && !linkage.slots_of("malloc").empty() &&
           linkage.refers_weakly_to("__gmon_start__");
}

// Of all relocations in the first table of them.
void change_types(ElfCopy& copy, std::uint64_t from, std::uint64_t to) {
    const Elf64_Shdr& section = copy.section(SHT_RELA);
    for (std::uint64_t at = 0; at < section.sh_size; at += sizeof(Elf64_Rela)) {
        Elf64_Rela& relocation = *copy.at<Elf64_Rela>(section.sh_offset + at);
        if (ELF64_R_TYPE(relocation.r_info) == from)
            relocation.r_info = ELF64_R_INFO(ELF64_R_SYM(relocation.r_info), to);
    }
}

class Folder {
  public:
    Folder() : path_(std::filesystem::temp_directory_path() / "rehang-linkage-XXXXXX") {
        std::string text = path_;
        REQUIRE(::mkdtemp(text.data()));
        path_ = text;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string file(const char* name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("the C library exports what registers fork handlers, and functions of any version") {
    const Linkage linkage = Linkage::read(libc());
    CHECK(linkage.exports("malloc"));
    CHECK(linkage.exports("fork"));
    CHECK(linkage.exports("__register_atfork"));
    CHECK_FALSE(linkage.exports("no_such_function"));
    CHECK_FALSE(linkage.refers_weakly_to("malloc"));
    CHECK_FALSE(linkage.refers_weakly_to("__register_atfork"));
}

TEST_CASE("what registers tcmalloc's fork handlers is a weak reference, which a slot holds") {
    const std::string path = test::installed_tcmalloc();
    if (path.empty()) {
        WARN("skipped: no libtcmalloc.so.4 is installed");
        return;
    }
    const Linkage linkage = Linkage::read(path);
    CHECK(linkage.refers_weakly_to("pthread_atfork"));
    CHECK_FALSE(linkage.exports("pthread_atfork"));
    CHECK_FALSE(linkage.slots_of("pthread_atfork").empty());
    CHECK(linkage.exports("tc_malloc"));
    CHECK_FALSE(linkage.refers_weakly_to("tc_malloc"));
    CHECK_FALSE(linkage.refers_weakly_to("fork"));  // a reference, but not a weak one
}

TEST_CASE("slots are aligned words of their own, by the symbol whose address they get") {
    const Linkage linkage = Linkage::read(caller());
    REQUIRE(is_callers(linkage));
    std::set<std::uint64_t> addresses;
    size_t slots = 0;
    for (const char* symbol : {"malloc", "free", "strlen", "memcpy"})
        for (const elf::Slot& slot : linkage.slots_of(symbol)) {
            CHECK(slot.at % sizeof(std::uint64_t) == 0);
            addresses.insert(slot.at);
            ++slots;
        }
    CHECK(slots >= 4);
    CHECK(addresses.size() == slots);
    CHECK(linkage.slots_of("no_such_function").empty());
    CHECK_FALSE(linkage.is_arm64());
}

TEST_CASE("a slot may be filled late if its relocation says so") {
    ElfCopy copy(caller());
    const auto slot = [&] {
        const Linkage linkage = Linkage::read(copy.path());
        REQUIRE(linkage.slots_of("__gmon_start__").size() == 1);
        return linkage.slots_of("__gmon_start__").front();
    };
    const std::uint64_t at = slot().at;
    CHECK_FALSE(slot().lazy);
    change_types(copy, R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT);
    CHECK(slot().lazy);
    CHECK(slot().at == at);
}

TEST_CASE("a file that is not there, no file, or no ELF file has no linkage") {
    const Folder folder;
    CHECK(is_empty(Linkage::read(folder.file("nothing"))));
    CHECK(is_empty(Linkage::read("")));
    CHECK(is_empty(Linkage::read("/")));
    CHECK(is_empty(Linkage::read("/dev/null")));
    CHECK(is_empty(Linkage::read("/proc/self/maps")));
    elf::Files files;
    CHECK(files.linkage(folder.file("nothing")) == nullptr);
    CHECK(files.linkage("/dev/null") == nullptr);
}

TEST_CASE("nobody waits for what a FIFO might bring that lies where a module was") {
    const Folder folder;
    const std::string fifo = folder.file("fifo");
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(is_empty(Linkage::read(fifo)));
    elf::Files files;
    CHECK(files.linkage(fifo) == nullptr);
}

TEST_CASE("a file that ends early has no linkage, or that of what is left") {
    ElfCopy copy(caller());
    const std::string whole = copy.bytes();
    const std::uint64_t sections = copy.header().e_shoff;
    for (const std::uint64_t size :
         {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{4}, std::uint64_t{16}, sizeof(Elf64_Ehdr) - 1,
          sizeof(Elf64_Ehdr), std::uint64_t{4096}, whole.size() / 2, sections - 1, sections,
          sections + sizeof(Elf64_Shdr), whole.size() - 1}) {
        copy.bytes() = whole.substr(0, size);
        INFO(size);
        const Linkage linkage = Linkage::read(copy.path());
        CHECK_FALSE(is_callers(linkage));
    }
    copy.bytes() = whole;
    CHECK(is_callers(Linkage::read(copy.path())));
}

TEST_CASE("files of other machines, of 32 bits or of the other byte order have no linkage") {
    ElfCopy copy(caller());
    SECTION("machine") {
        copy.header().e_machine = EM_386;
    }
    SECTION("32 bits") {
        copy.header().e_ident[EI_CLASS] = ELFCLASS32;
    }
    SECTION("big endian") {
        copy.header().e_ident[EI_DATA] = ELFDATA2MSB;
        copy.header().e_machine = __builtin_bswap16(EM_AARCH64);
    }
    const Linkage linkage = Linkage::read(copy.path());
    CHECK(is_empty(linkage));
    CHECK_FALSE(linkage.is_arm64());
}

TEST_CASE("a file for arm64 has slots by that machine's relocations") {
    ElfCopy copy(caller());
    copy.header().e_machine = EM_AARCH64;
    const Linkage foreign = Linkage::read(copy.path());
    CHECK(foreign.is_arm64());
    CHECK(foreign.exports("__cxa_throw"));
    CHECK(foreign.slots_of("malloc").empty());  // 6 and 7 are no slots there
    change_types(copy, R_X86_64_GLOB_DAT, R_AARCH64_GLOB_DAT);
    CHECK(Linkage::read(copy.path()).slots_of("__gmon_start__").size() == 1);
}

TEST_CASE("tables that say nonsense of themselves are left out") {
    ElfCopy copy(caller());
    SECTION("symbols of no size") {
        copy.section(SHT_DYNSYM).sh_entsize = 0;
    }
    SECTION("symbols beyond the end of the file") {
        copy.section(SHT_DYNSYM).sh_offset = copy.bytes().size() - 8;
    }
    SECTION("more symbols than bytes") {
        copy.section(SHT_DYNSYM).sh_size = ~std::uint64_t{0};
    }
    SECTION("one byte each, and 2^63 of them") {
        copy.section(SHT_DYNSYM).sh_entsize = 1;
        copy.section(SHT_DYNSYM).sh_size = std::uint64_t{1} << 63;
    }
    SECTION("names in no section") {
        copy.section(SHT_DYNSYM).sh_link = 0xffffffff;
    }
    SECTION("names in something that is no table of strings") {
        copy.section(SHT_DYNSYM).sh_link = 1;
    }
    SECTION("more sections than there are") {
        copy.header().e_shnum = 0xfffe;
    }
    SECTION("sections outside of the file") {
        copy.header().e_shoff = ~std::uint64_t{0} - 100;
    }
    const Linkage linkage = Linkage::read(copy.path());
    CHECK_FALSE(is_callers(linkage));
    CHECK_FALSE(linkage.exports(""));
    CHECK_FALSE(linkage.refers_weakly_to(""));
    CHECK(linkage.slots_of("").empty());
    elf::Files files;
    files.linkage(copy.path());
}

TEST_CASE("names outside of the table of strings, and without an end, are no names") {
    ElfCopy copy(caller());
    SECTION("outside") {
        const Elf64_Shdr& section = copy.section(SHT_DYNSYM);
        for (std::uint64_t at = 0; at < section.sh_size; at += sizeof(Elf64_Sym))
            copy.at<Elf64_Sym>(section.sh_offset + at)->st_name = 0xfffffff0;
    }
    SECTION("without an end") {
        const Elf64_Shdr& strings = copy.section(SHT_STRTAB);
        std::memset(copy.bytes().data() + strings.sh_offset, 'x', strings.sh_size);
    }
    const Linkage linkage = Linkage::read(copy.path());
    CHECK(is_empty(linkage));
    CHECK_FALSE(linkage.exports(""));
    CHECK_FALSE(linkage.refers_weakly_to(""));
    CHECK(linkage.slots_of("").empty());
}

TEST_CASE("relocations of symbols that are not there are no slots") {
    ElfCopy copy(caller());
    const Elf64_Shdr& section = copy.section(SHT_RELA);
    for (std::uint64_t at = 0; at < section.sh_size; at += sizeof(Elf64_Rela)) {
        Elf64_Rela& relocation = *copy.at<Elf64_Rela>(section.sh_offset + at);
        relocation.r_info =
            ELF64_R_INFO(std::uint64_t{at % 48 == 0 ? 0xffffffff : 0x7fffffff}, R_X86_64_GLOB_DAT);
    }
    const Linkage linkage = Linkage::read(copy.path());
    CHECK(linkage.exports("__cxa_throw"));
    CHECK(linkage.slots_of("__gmon_start__").empty());
    CHECK(linkage.slots_of("").empty());
}
