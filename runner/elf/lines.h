// Which code belongs to which source line (DWARF line tables, libdw).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rehang::elf {

// Of one ELF file. Immutable once made.
class LineTable {
  public:
    // Reads the line tables of `path` or, if it has none, those of its separate debug file ("": none).
    // Empty where there are none, or none that can be read.
    static LineTable read(const std::string& path, const std::string& debug_file);

    bool empty() const { return sources_.empty(); }
    // Where statements of this line begin, ascending; relative to the file's load bias. `source` is a path as
    // it was compiled, or the end of it ("locks.c", "src/locks.c").
    std::vector<std::uint64_t> statements(std::string_view source, unsigned line) const;
    // The line with code that is nearest to this one; of two equally near ones the later. Nothing if the
    // source is not known.
    std::optional<unsigned> nearest(std::string_view source, unsigned line) const;
    // File names, without folders.
    std::vector<std::string> sources() const;

  private:
    using Statements = std::map<unsigned, std::vector<std::uint64_t>>;  // by line
    std::map<std::string, Statements> sources_;                         // by path
};

}  // namespace rehang::elf
