#include "elf/lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/files.h"
#include "base/unique_fd.h"

namespace rehang::elf {
namespace {

struct DwarfEnd {
    void operator()(Dwarf* dwarf) const { ::dwarf_end(dwarf); }
};

struct Row {
    std::string source;
    unsigned line = 0;
    std::uint64_t address = 0;
};

// Rows at which a statement begins.
std::optional<Row> statement(Dwarf_Line* line) {
    bool begins = false;
    bool past_end = true;
    int number = 0;
    Dwarf_Addr address = 0;
    const char* source = ::dwarf_linesrc(line, nullptr, nullptr);
    if (!source || ::dwarf_linebeginstatement(line, &begins) != 0 ||
        ::dwarf_lineendsequence(line, &past_end) != 0 || ::dwarf_lineno(line, &number) != 0 ||
        ::dwarf_lineaddr(line, &address) != 0)
        return std::nullopt;
    // Code that the linker left out stays in the table at address 0.
    if (!begins || past_end || number <= 0 || address == 0) return std::nullopt;
    return Row{.source = source, .line = static_cast<unsigned>(number), .address = address};
}

template <class Visit>
void for_each_statement(const std::string& path, Visit visit) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const std::unique_ptr<Dwarf, DwarfEnd> dwarf(fd ? ::dwarf_begin(fd.get(), DWARF_C_READ) : nullptr);
    if (!dwarf) return;
    Dwarf_Off next = 0;
    size_t header_size = 0;
    for (Dwarf_Off offset = 0;
         ::dwarf_nextcu(dwarf.get(), offset, &next, &header_size, nullptr, nullptr, nullptr) == 0;
         offset = next) {
        Dwarf_Die unit;
        Dwarf_Lines* lines = nullptr;
        size_t count = 0;
        if (!::dwarf_offdie(dwarf.get(), offset + header_size, &unit) ||
            ::dwarf_getsrclines(&unit, &lines, &count) != 0)
            continue;
        for (size_t i = 0; i < count; ++i)
            if (Dwarf_Line* line = ::dwarf_onesrcline(lines, i))
                if (auto row = statement(line)) visit(std::move(*row));
    }
}

bool is_end_of(std::string_view end, std::string_view path) {
    return path.ends_with(end) && (path.size() == end.size() || path[path.size() - end.size() - 1] == '/');
}

}  // namespace

LineTable LineTable::read(const std::string& path, const std::string& debug_file) {
    LineTable table;
    const auto add = [&](Row row) { table.sources_[row.source][row.line].push_back(row.address); };
    for_each_statement(path, add);
    if (table.empty() && !debug_file.empty()) for_each_statement(debug_file, add);
    return table;
}

std::vector<std::uint64_t> LineTable::statements(std::string_view source, unsigned line) const {
    std::set<std::uint64_t> found;
    for (const auto& [path, lines] : sources_) {
        const auto known = is_end_of(source, path) ? lines.find(line) : lines.end();
        if (known != lines.end()) found.insert(known->second.begin(), known->second.end());
    }
    return {found.begin(), found.end()};
}

std::optional<unsigned> LineTable::nearest(std::string_view source, unsigned line) const {
    std::optional<unsigned> best;
    const auto distance = [&](unsigned other) { return other > line ? other - line : line - other; };
    for (const auto& [path, lines] : sources_) {
        if (!is_end_of(source, path)) continue;
        for (const auto& [number, addresses] : lines)
            if (!best || distance(number) < distance(*best) ||
                (distance(number) == distance(*best) && number > *best))
                best = number;
    }
    return best;
}

std::vector<std::string> LineTable::sources() const {
    std::set<std::string> names;
    for (const auto& [path, lines] : sources_) names.emplace(file_name(path));
    return {names.begin(), names.end()};
}

}  // namespace rehang::elf
