// How an ELF file is bound to others: what it exports, and by which slots it calls what others export.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace rehang::elf {

// A word of a module (of its GOT) in which the loader puts the address of a symbol.
struct Slot {
    std::uint64_t at = 0;  // as in the file's symbol table
    bool lazy = false;     // may still lead to the loader, until it is used for the first time
};

// Of one dynamic ELF file of 64 bits for x86_64 or arm64. Immutable once made.
class Linkage {
  public:
    // Empty where the file has none, or can't be read.
    static Linkage read(const std::string& path);

    bool is_arm64() const { return arm64_; }
    bool exports(const std::string& symbol) const { return exported_.contains(symbol); }
    // It is used if some module exports it, and null otherwise: a weak reference that the file itself does
    // not define.
    bool refers_weakly_to(const std::string& symbol) const { return weak_references_.contains(symbol); }
    const std::vector<Slot>& slots_of(const std::string& symbol) const;

  private:
    bool arm64_ = false;
    std::set<std::string, std::less<>> exported_, weak_references_;
    std::map<std::string, std::vector<Slot>, std::less<>> slots_;
};

}  // namespace rehang::elf
