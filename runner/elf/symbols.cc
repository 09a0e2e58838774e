#include "elf/symbols.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "base/demangle.h"
#include "elf/open_elf.h"

namespace rehang::elf {
namespace {

void read_symbol_table(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, std::vector<Symbol>& symbols) {
    Elf_Data* data = ::elf_getdata(section, nullptr);
    if (!data || header.sh_entsize == 0) return;
    const auto count = static_cast<int>(header.sh_size / header.sh_entsize);
    for (int i = 0; i < count; ++i) {
        GElf_Sym symbol;
        if (!::gelf_getsym(data, i, &symbol) || symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0)
            continue;
        const auto type = GELF_ST_TYPE(symbol.st_info);
        if (type != STT_FUNC && type != STT_OBJECT && type != STT_GNU_IFUNC) continue;
        const char* name = ::elf_strptr(elf, header.sh_link, symbol.st_name);
        if (!name || !*name) continue;
        symbols.push_back({.name = name,
                           .value = symbol.st_value,
                           .size = symbol.st_size,
                           .function = type != STT_OBJECT,
                           .ifunc = type == STT_GNU_IFUNC});
    }
}

void read_symbol_tables(Elf* elf, std::vector<Symbol>& symbols) {
    for_each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& header) {
        if (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB)
            read_symbol_table(elf, section, header, symbols);
    });
}

// The build id's hex digits, from the note that linkers write (elf(5), NT_GNU_BUILD_ID).
std::string build_id(Elf* elf) {
    std::string id;
    for_each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& header) {
        Elf_Data* data = header.sh_type == SHT_NOTE ? ::elf_getdata(section, nullptr) : nullptr;
        if (!data || !id.empty()) return;
        GElf_Nhdr note;
        size_t name_offset = 0;
        size_t content_offset = 0;
        for (size_t offset = 0;
             (offset = ::gelf_getnote(data, offset, &note, &name_offset, &content_offset)) > 0;) {
            if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4) continue;
            const auto* bytes = static_cast<const unsigned char*>(data->d_buf) + content_offset;
            for (size_t i = 0; i < note.n_descsz; ++i) id += fmt::format("{:02x}", bytes[i]);
            return;
        }
    });
    return id;
}

// Where Debian's -dbgsym packages put the symbols that a stripped file lost.
std::string separate_debug_file(Elf* elf) {
    const std::string id = build_id(elf);
    return id.size() < 3 ? std::string()
                         : fmt::format("/usr/lib/debug/.build-id/{}/{}.debug", id.substr(0, 2), id.substr(2));
}

std::vector<std::string> split_path(const std::string& text, const std::string& origin) {
    std::vector<std::string> folders;
    for (size_t start = 0; start <= text.size();) {
        const size_t end = std::min(text.find(':', start), text.size());
        std::string folder = text.substr(start, end - start);
        for (const std::string_view name : {"$ORIGIN", "${ORIGIN}"})
            if (const size_t at = folder.find(name); at != std::string::npos)
                folder.replace(at, name.size(), origin);
        if (!folder.empty()) folders.push_back(std::move(folder));
        start = end + 1;
    }
    return folders;
}

bool is_mangled(std::string_view name) {
    return name.starts_with("_Z");
}

// A part of the name that its mangled form is sure to hold: the last identifier, "ReleaseListToSpans". Empty
// for operators.
std::string_view sure_part(std::string_view name) {
    name = name.substr(0, name.find_first_of("(<"));
    if (name.find("operator") != std::string_view::npos) return {};
    return name.substr(name.find_last_of(":~") + 1);
}

// By address; of the names of one address the one that people know comes last: "fork" after "__libc_fork".
bool better_last(const Symbol& a, const Symbol& b) {
    const auto obscurity = [](const Symbol& symbol) {
        return std::pair(std::min(symbol.name.find_first_not_of('_'), symbol.name.size()),
                         symbol.name.size());
    };
    if (a.value != b.value) return a.value < b.value;
    return obscurity(b) == obscurity(a) ? a.name < b.name : obscurity(b) < obscurity(a);
}

}  // namespace

Expected<File> File::read(const std::string& path) {
    auto open = open_elf(path);
    if (!open) return std::unexpected(open.error());
    Elf* elf = open->elf.get();
    File file;

    GElf_Ehdr header;
    if (::gelf_getehdr(elf, &header)) {
        file.entry_ = header.e_entry;
        file.position_independent_ = header.e_type == ET_DYN;
    }
    size_t segments = 0;
    ::elf_getphdrnum(elf, &segments);
    bool first = true;
    for (size_t i = 0; i < segments; ++i) {
        GElf_Phdr segment;
        if (!::gelf_getphdr(elf, static_cast<int>(i), &segment)) continue;
        if (segment.p_type == PT_LOAD && first) {  // PT_LOADs ascend by address (elf(5))
            file.first_vaddr_ = segment.p_vaddr & ~std::uint64_t{4095};
            first = false;
        }
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0)
            file.code_.emplace_back(segment.p_vaddr, segment.p_vaddr + segment.p_filesz);
        if (segment.p_type == PT_INTERP && segment.p_filesz > 1) {
            size_t size = 0;
            const char* raw = ::elf_rawfile(elf, &size);
            if (raw && segment.p_offset + segment.p_filesz <= size)
                file.interpreter_.assign(raw + segment.p_offset, segment.p_filesz - 1);
        }
    }

    const std::string origin = std::filesystem::path(path).parent_path().string();
    for_each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& section_header) {
        Elf_Data* data = section_header.sh_type == SHT_DYNAMIC ? ::elf_getdata(section, nullptr) : nullptr;
        GElf_Dyn entry;
        for (int i = 0; data && ::gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; ++i) {
            if (entry.d_tag != DT_SONAME && entry.d_tag != DT_NEEDED && entry.d_tag != DT_RUNPATH &&
                entry.d_tag != DT_RPATH)
                continue;
            const char* text = ::elf_strptr(elf, section_header.sh_link, entry.d_un.d_val);
            if (!text) continue;
            if (entry.d_tag == DT_SONAME)
                file.soname_ = text;
            else if (entry.d_tag == DT_NEEDED)
                file.needed_.emplace_back(text);
            else
                file.run_path_ = split_path(text, origin);
        }
    });

    read_symbol_tables(elf, file.symbols_);
    if (const std::string debug = separate_debug_file(elf); !debug.empty())
        if (const auto debug_elf = open_elf(debug)) {
            read_symbol_tables(debug_elf->elf.get(), file.symbols_);
            file.debug_file_ = debug;
        }
    std::ranges::sort(file.symbols_, better_last);
    return file;
}

std::vector<Symbol> File::find_functions(std::string_view name) const {
    std::vector<Symbol> found;
    const auto add = [&](const Symbol& symbol) {
        if (std::ranges::find(found, symbol.value, &Symbol::value) == found.end()) found.push_back(symbol);
    };
    for (const Symbol& symbol : symbols_)
        if (symbol.function && symbol.name == name) add(symbol);
    if (!found.empty()) return found;
    const std::string_view part = sure_part(name);
    for (const Symbol& symbol : symbols_) {
        if (!symbol.function || !is_mangled(symbol.name) || symbol.name.find(part) == std::string::npos)
            continue;
        if (demangle(symbol.name) == name || demangle_short(symbol.name) == name) add(symbol);
    }
    return found;
}

const Symbol* File::find_object(std::string_view name) const {
    const auto found =
        std::ranges::find_if(symbols_, [&](const Symbol& s) { return !s.function && s.name == name; });
    return found == symbols_.end() ? nullptr : &*found;
}

const Symbol* File::at(std::uint64_t value) const {
    auto next = std::ranges::upper_bound(symbols_, value, {}, &Symbol::value);
    constexpr int nested = 16;  // symbols may lie inside each other: aliases, and labels within a function
    for (int i = 0; next != symbols_.begin() && i < nested; ++i) {
        --next;
        if (value < next->value + std::max<std::uint64_t>(next->size, 1)) return &*next;
    }
    return nullptr;
}

bool File::is_code(std::uint64_t value) const {
    return std::ranges::any_of(
        code_, [&](const auto& segment) { return value >= segment.first && value < segment.second; });
}

std::vector<std::string> File::names_of(std::uint64_t value) const {
    std::vector<std::string> names;
    const auto same = std::ranges::equal_range(symbols_, value, {}, &Symbol::value);
    for (const Symbol& symbol : same)
        if (symbol.function) names.push_back(symbol.name);
    return names;
}

const std::vector<std::string>& File::function_names() const {
    if (function_names_.empty()) {
        std::set<std::string> names;
        for (const Symbol& symbol : symbols_) {
            if (!symbol.function) continue;
            names.insert(symbol.name);
            if (is_mangled(symbol.name)) names.insert(demangle_short(symbol.name));
        }
        function_names_.assign(names.begin(), names.end());
    }
    return function_names_;
}

std::vector<std::uint64_t> first_statements(const File& file, const LineTable& lines, std::string_view source,
                                            unsigned line) {
    std::vector<std::uint64_t> found;
    std::set<std::uint64_t> functions;
    for (const std::uint64_t value : lines.statements(source, line)) {
        const Symbol* function = file.at(value);
        if (function && function->name.ends_with(".cold")) continue;
        if (!function || functions.insert(function->value).second) found.push_back(value);
    }
    return found;
}

const File* Files::get(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return nullptr;
    // By what the file is, not by its name: the same library is seen through /proc/PID/root of every process.
    const std::string key = fmt::format("{}:{}:{}.{}", status.st_dev, status.st_ino, status.st_mtim.tv_sec,
                                        status.st_mtim.tv_nsec);
    const auto known = files_.find(key);
    if (known != files_.end()) return known->second.get();
    auto file = File::read(path);
    return files_.emplace(key, file ? std::make_unique<File>(std::move(*file)) : nullptr).first->second.get();
}

const Linkage* Files::linkage(const std::string& path) {
    const File* file = get(path);
    if (!file) return nullptr;
    const auto known = linkages_.find(file);
    if (known != linkages_.end()) return &known->second;
    return &linkages_.emplace(file, Linkage::read(path)).first->second;
}

const LineTable* Files::lines(const std::string& path) {
    const File* file = get(path);
    if (!file) return nullptr;
    const auto known = lines_.find(file);
    if (known != lines_.end()) return &known->second;
    return &lines_.emplace(file, LineTable::read(path, file->debug_file())).first->second;
}

}  // namespace rehang::elf
