// Any bytes as an ELF file: no crash, and no symbol without a name.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"
#include "elf/symbols.h"

using namespace rehang;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const UniqueFd memory(::memfd_create("fuzzed", MFD_CLOEXEC));
    REHANG_CHECK(memory && ::write(memory.get(), data, size) == static_cast<ssize_t>(size));
    const auto file = elf::File::read(fmt::format("/proc/self/fd/{}", memory.get()));
    if (!file) {
        REHANG_CHECK(!file.error().what.empty());
        return 0;
    }
    for (const std::string& name : file->function_names()) REHANG_CHECK(!name.empty());
    for (const elf::Symbol& symbol : file->find_functions("main")) {
        const elf::Symbol* const at = file->at(symbol.value);
        REHANG_CHECK(at == nullptr || at->value <= symbol.value);
    }
    file->find_object("_r_debug");
    return 0;
}
