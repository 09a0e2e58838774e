// An ELF file as libelf has it open.
#pragma once

#include <gelf.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace rehang::elf {

struct ElfEnd {
    void operator()(Elf* elf) const { ::elf_end(elf); }
};

// The file and libelf's handle on it, closed together.
struct OpenElf {
    UniqueFd fd;
    std::unique_ptr<Elf, ElfEnd> elf;
};
Expected<OpenElf> open_elf(const std::string& path);

template <class Visit>
void for_each_section(Elf* elf, Visit visit) {
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header;
        if (::gelf_getshdr(section, &header)) visit(section, header);
    }
}

}  // namespace rehang::elf
