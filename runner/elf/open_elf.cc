#include "elf/open_elf.h"

#include <fcntl.h>
#include <fmt/format.h>

namespace rehang::elf {

Expected<OpenElf> open_elf(const std::string& path) {
    ::elf_version(EV_CURRENT);
    // What a target has put in a module's place may be a FIFO, or a terminal: neither is waited for, nor
    // taken.
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return failure(fmt::format("can't open {}", path));
    std::unique_ptr<Elf, ElfEnd> elf(::elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr));
    if (!elf || ::elf_kind(elf.get()) != ELF_K_ELF)
        return std::unexpected(Error{.what = fmt::format("{} is not an ELF file", path), .hint = {}});
    return OpenElf{.fd = std::move(fd), .elf = std::move(elf)};
}

}  // namespace rehang::elf
