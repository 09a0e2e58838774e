// What a process has mapped, and where a module's functions are in it. Source: proc(5), /proc/PID/maps.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elf/symbols.h"

namespace rehang::elf {

struct Mapping {
    std::uint64_t start = 0, end = 0, offset = 0;
    bool readable = false, writable = false, executable = false, shared = false;
    std::uint64_t inode = 0;
    std::string path;  // "/usr/lib/…", "[heap]", "" for anonymous memory; without " (deleted)"
    bool deleted = false;
};

// The text of /proc/PID/maps (proc(5)).
std::vector<Mapping> parse_mappings(std::string_view text);
// By address. Empty for a process that is gone.
std::vector<Mapping> read_mappings(pid_t pid);

struct Module {
    std::string path;         // in the process's own view of the file system
    std::string name;         // the last part of the path
    std::uint64_t start = 0;  // of its first mapping
    std::uint64_t end = 0;    // of its last one, with the anonymous .bss right behind it
};

std::vector<Module> modules_of(const std::vector<Mapping>& mappings);
// The module whose file name, or whose soname, is `name`; `libfoo.so.4` also finds libfoo.so.4.5.9.
const Module* find_module(const std::vector<Module>& modules, const std::string& name, pid_t pid,
                          Files& files);
const Module* module_at(const std::vector<Module>& modules, std::uint64_t address);
// The path by which this process reads a file that process `pid` calls `path`: /proc/PID/root/….
std::string host_view(pid_t pid, const std::string& path);

// The address in memory of a value of the module's symbol table.
std::uint64_t address_of(const Module& module, const File& file, std::uint64_t value);
std::uint64_t value_of(const Module& module, const File& file, std::uint64_t address);

struct Place {
    std::string module;        // "libtcmalloc.so.4.5.11"; "" in anonymous memory
    std::string symbol;        // demangled, without parameters; "" if unknown
    std::uint64_t offset = 0;  // from the symbol, or from the module where there is no symbol
    // "libc.so.6!fork+0x12", "libc.so.6+0x1234", "0x7f…".
    std::string text() const;
};
Place describe(pid_t pid, const std::vector<Module>& modules, std::uint64_t address, Files& files);

}  // namespace rehang::elf
