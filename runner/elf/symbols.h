// Functions of an ELF file by name, and names by address.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "elf/lines.h"
#include "elf/linkage.h"

namespace rehang::elf {

struct Symbol {
    std::string name;         // mangled, without version
    std::uint64_t value = 0;  // as in the symbol table: relative to the file's load bias
    std::uint64_t size = 0;
    bool function = true;  // STT_FUNC; false: STT_OBJECT
    bool ifunc = false;    // STT_GNU_IFUNC: value is the resolver's
};

// One file's symbol tables (.dynsym, .symtab and those of its separate debug file where installed). Immutable
// once made.
class File {
  public:
    static Expected<File> read(const std::string& path);

    const std::string& soname() const { return soname_; }            // empty: none
    const std::string& interpreter() const { return interpreter_; }  // PT_INTERP; empty: static or a library
    bool position_independent() const { return position_independent_; }
    std::uint64_t entry() const { return entry_; }
    // The lowest PT_LOAD's vaddr rounded down to a page: address in memory = start of the first mapping -
    // first_vaddr() + value.
    std::uint64_t first_vaddr() const { return first_vaddr_; }
    const std::vector<std::string>& needed() const { return needed_; }  // DT_NEEDED
    const std::vector<std::string>& run_path() const {
        return run_path_;
    }  // DT_RUNPATH or DT_RPATH, split, $ORIGIN put in

    // Different functions that `name` stands for: mangled, or demangled with or without parameters. Aliases
    // of one address count once.
    std::vector<Symbol> find_functions(std::string_view name) const;
    // A data object by its exact name; null if there is none.
    const Symbol* find_object(std::string_view name) const;
    // The object or function whose extent holds `value`; for `SYMBOL+offset`.
    const Symbol* at(std::uint64_t value) const;
    // Every name of the function that begins there.
    std::vector<std::string> names_of(std::uint64_t value) const;
    // In a segment that is executed.
    bool is_code(std::uint64_t value) const;
    const std::string& debug_file() const {
        return debug_file_;
    }  // a separate one, where installed; empty: none
    // For suggestions: mangled and demangled names of all functions.
    const std::vector<std::string>& function_names() const;

  private:
    std::string soname_, interpreter_, debug_file_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> code_;  // start, end of each executable segment
    bool position_independent_ = true;
    std::uint64_t entry_ = 0, first_vaddr_ = 0;
    std::vector<std::string> needed_, run_path_;
    std::vector<Symbol> symbols_;  // by value
    mutable std::vector<std::string> function_names_;
};

// Where a line begins in each function that has code of it, ascending. Code that the compiler has split off
// as unlikely does not count.
std::vector<std::uint64_t> first_statements(const File& file, const LineTable& lines, std::string_view source,
                                            unsigned line);

// Files read once, kept by path, device, inode and modification time. Not for several threads.
class Files {
  public:
    // Null where the file can't be read as ELF. The pointer stays good as long as this object.
    const File* get(const std::string& path);
    // The same file's line table, read when it is asked for. Null where get() is.
    const LineTable* lines(const std::string& path);
    // The same for what binds it to others.
    const Linkage* linkage(const std::string& path);

  private:
    std::map<std::string, std::unique_ptr<File>> files_;
    std::map<const File*, Linkage> linkages_;
    std::map<const File*, LineTable> lines_;
};

}  // namespace rehang::elf
