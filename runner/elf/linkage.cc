#include "elf/linkage.h"

#include <algorithm>
#include <optional>

#include "elf/open_elf.h"

namespace rehang::elf {
namespace {

// Whether the loader may put this slot's symbol in later; nothing for relocations that are no slots. Sources:
// the psABIs of x86_64 and of AArch64.
std::optional<bool> lazy_slot(bool arm64, std::uint32_t type) {
    if (type == (arm64 ? std::uint32_t{R_AARCH64_JUMP_SLOT} : std::uint32_t{R_X86_64_JUMP_SLOT})) return true;
    if (type == (arm64 ? std::uint32_t{R_AARCH64_GLOB_DAT} : std::uint32_t{R_X86_64_GLOB_DAT})) return false;
    return std::nullopt;
}

// Others have words of another size, or in the other byte order.
bool is_understood(const GElf_Ehdr& header) {
    return header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
           (header.e_machine == EM_AARCH64 || header.e_machine == EM_X86_64);
}

// The dynamic symbols, and their names, "" for those without one.
struct SymbolTable {
    Elf* elf = nullptr;
    Elf_Data* data = nullptr;
    std::uint64_t strings = 0;

    const char* name(const GElf_Sym& symbol) const {
        const char* text = ::elf_strptr(elf, strings, symbol.st_name);
        return text ? text : "";
    }
};

}  // namespace

Linkage Linkage::read(const std::string& path) {
    Linkage linkage;
    const auto open = open_elf(path);
    if (!open) return linkage;
    Elf* elf = open->elf.get();
    GElf_Ehdr header;
    if (!::gelf_getehdr(elf, &header) || !is_understood(header)) return linkage;
    linkage.arm64_ = header.e_machine == EM_AARCH64;

    SymbolTable table;
    for_each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& section_header) {
        Elf_Data* data = section_header.sh_type == SHT_DYNSYM ? ::elf_getdata(section, nullptr) : nullptr;
        if (!data || section_header.sh_entsize == 0) return;
        table = {.elf = elf, .data = data, .strings = section_header.sh_link};
        const auto count = static_cast<int>(section_header.sh_size / section_header.sh_entsize);
        GElf_Sym symbol;
        for (int i = 0; i < count && ::gelf_getsym(data, i, &symbol); ++i) {
            const std::string name = table.name(symbol);
            if (GELF_ST_BIND(symbol.st_info) == STB_LOCAL || name.empty()) continue;
            if (symbol.st_shndx != SHN_UNDEF)
                linkage.exported_.insert(name);
            else if (GELF_ST_BIND(symbol.st_info) == STB_WEAK)
                linkage.weak_references_.insert(name);
        }
    });
    if (!table.data) return linkage;
    for_each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& section_header) {
        Elf_Data* data = section_header.sh_type == SHT_RELA ? ::elf_getdata(section, nullptr) : nullptr;
        if (!data || section_header.sh_entsize == 0 || (section_header.sh_flags & SHF_ALLOC) == 0) return;
        const auto count = static_cast<int>(section_header.sh_size / section_header.sh_entsize);
        GElf_Rela relocation;
        for (int i = 0; i < count && ::gelf_getrela(data, i, &relocation); ++i) {
            const auto lazy =
                lazy_slot(linkage.arm64_, static_cast<std::uint32_t>(GELF_R_TYPE(relocation.r_info)));
            GElf_Sym symbol;
            if (!lazy || relocation.r_addend != 0 ||
                !::gelf_getsym(table.data, static_cast<int>(GELF_R_SYM(relocation.r_info)), &symbol))
                continue;
            if (const std::string name = table.name(symbol); !name.empty())
                linkage.slots_[name].push_back({.at = relocation.r_offset, .lazy = *lazy});
        }
    });
    return linkage;
}

const std::vector<Slot>& Linkage::slots_of(const std::string& symbol) const {
    static const std::vector<Slot> none;
    const auto found = slots_.find(symbol);
    return found == slots_.end() ? none : found->second;
}

}  // namespace rehang::elf
