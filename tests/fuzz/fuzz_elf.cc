// Any bytes as an ELF file: no crash, no symbol without a name, and each line of a line table begins
// somewhere.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"
#include "elf/lines.h"
#include "elf/symbols.h"

using namespace rehang;

namespace {

void look_up_symbols(const elf::File& file) {
    for (const std::string& name : file.function_names()) REHANG_CHECK(!name.empty());
    for (const elf::Symbol& symbol : file.find_functions("main")) {
        const elf::Symbol* const at = file.at(symbol.value);
        REHANG_CHECK(at == nullptr || at->value <= symbol.value);
    }
    file.find_object("_r_debug");
}

void look_up_lines(const elf::File& file, const elf::LineTable& lines) {
    constexpr unsigned asked = 7;
    const auto sources = lines.sources();
    REHANG_CHECK(sources.empty() == lines.empty());
    for (const std::string& source : sources) {
        const auto nearest = lines.nearest(source, asked);
        REHANG_CHECK(nearest && *nearest > 0);
        const auto statements = lines.statements(source, *nearest);
        REHANG_CHECK(!statements.empty());
        for (const std::uint64_t first : elf::first_statements(file, lines, source, *nearest))
            REHANG_CHECK(std::ranges::binary_search(statements, first));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const UniqueFd memory(::memfd_create("fuzzed", MFD_CLOEXEC));
    REHANG_CHECK(memory && ::write(memory.get(), data, size) == static_cast<ssize_t>(size));
    const std::string path = fmt::format("/proc/self/fd/{}", memory.get());
    const auto file = elf::File::read(path);
    if (!file) {
        REHANG_CHECK(!file.error().what.empty());
        REHANG_CHECK(elf::LineTable::read(path, "").empty());
        return 0;
    }
    look_up_symbols(*file);
    look_up_lines(*file, elf::LineTable::read(path, ""));
    return 0;
}
