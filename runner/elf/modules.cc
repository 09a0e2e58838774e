#include "elf/modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/demangle.h"
#include "base/files.h"

namespace rehang::elf {
namespace {

// Cuts the text up to the separator off the front of `rest`.
std::string_view next_field(std::string_view& rest, char separator) {
    const size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return field;
}

std::uint64_t number(std::string_view text, int base) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

// "7f…-7f… r-xp 00001000 fe:00 1234     /usr/lib/libc.so.6" (proc(5))
Mapping parse_mapping(std::string_view line) {
    Mapping mapping;
    mapping.start = number(next_field(line, '-'), 16);
    mapping.end = number(next_field(line, ' '), 16);
    const std::string_view permissions = next_field(line, ' ');
    const auto allows = [&](size_t at, char letter) {
        return at < permissions.size() && permissions[at] == letter;
    };
    mapping.readable = allows(0, 'r');
    mapping.writable = allows(1, 'w');
    mapping.executable = allows(2, 'x');
    mapping.shared = allows(3, 's');
    mapping.offset = number(next_field(line, ' '), 16);
    next_field(line, ' ');  // device
    mapping.inode = number(next_field(line, ' '), 10);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    constexpr std::string_view deleted = " (deleted)";
    mapping.deleted = line.ends_with(deleted);
    if (mapping.deleted) line.remove_suffix(deleted.size());
    mapping.path = line;
    return mapping;
}

bool is_file(const Mapping& mapping) {
    return mapping.path.starts_with('/');
}

}  // namespace

std::vector<Mapping> parse_mappings(std::string_view text) {
    std::vector<Mapping> mappings;
    while (!text.empty()) mappings.push_back(parse_mapping(next_field(text, '\n')));
    return mappings;
}

std::vector<Mapping> read_mappings(pid_t pid) {
    return parse_mappings(read_file_or_empty(fmt::format("/proc/{}/maps", pid)));
}

std::vector<Module> modules_of(const std::vector<Mapping>& mappings) {
    std::vector<Module> modules;
    for (const Mapping& mapping : mappings) {
        if (is_file(mapping)) {
            if (!modules.empty() && modules.back().path == mapping.path)
                modules.back().end = mapping.end;
            else
                modules.push_back({.path = mapping.path,
                                   .name = std::string(file_name(mapping.path)),
                                   .start = mapping.start,
                                   .end = mapping.end});
        } else if (mapping.path.empty() && !modules.empty() && modules.back().end == mapping.start &&
                   mapping.writable) {
            modules.back().end = mapping.end;  // .bss
        }
    }
    return modules;
}

const Module* find_module(const std::vector<Module>& modules, const std::string& name, pid_t pid,
                          Files& files) {
    const auto by_name = std::ranges::find(modules, name, &Module::name);
    if (by_name != modules.end()) return &*by_name;
    for (const Module& module : modules) {
        if (module.name.starts_with(name + ".")) return &module;
        if (!module.name.starts_with(name.substr(0, name.find('.'))))
            continue;  // spares reading every file for its soname
        const File* file = files.get(host_view(pid, module.path));
        if (file && file->soname() == name) return &module;
    }
    return nullptr;
}

const Module* module_at(const std::vector<Module>& modules, std::uint64_t address) {
    const auto found =
        std::ranges::find_if(modules, [&](const Module& m) { return address >= m.start && address < m.end; });
    return found == modules.end() ? nullptr : &*found;
}

std::string host_view(pid_t pid, const std::string& path) {
    return fmt::format("/proc/{}/root{}", pid, path);
}

std::uint64_t address_of(const Module& module, const File& file, std::uint64_t value) {
    return module.start - file.first_vaddr() + value;
}

std::uint64_t value_of(const Module& module, const File& file, std::uint64_t address) {
    return address - module.start + file.first_vaddr();
}

std::string Place::text() const {
    if (module.empty()) return fmt::format("{:#x}", offset);
    if (symbol.empty()) return fmt::format("{}+{:#x}", module, offset);
    return offset == 0 ? fmt::format("{}!{}", module, symbol)
                       : fmt::format("{}!{}+{:#x}", module, symbol, offset);
}

Place describe(pid_t pid, const std::vector<Module>& modules, std::uint64_t address, Files& files) {
    const Module* module = module_at(modules, address);
    if (!module) return {.module = {}, .symbol = {}, .offset = address};
    const File* file = files.get(host_view(pid, module->path));
    if (!file) return {.module = module->name, .symbol = {}, .offset = address - module->start};
    const std::uint64_t value = value_of(*module, *file, address);
    if (const Symbol* symbol = file->at(value))
        return {
            .module = module->name, .symbol = demangle_short(symbol->name), .offset = value - symbol->value};
    return {.module = module->name, .symbol = {}, .offset = value};
}

}  // namespace rehang::elf
