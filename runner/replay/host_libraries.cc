#include "replay/host_libraries.h"

#include <fmt/format.h>

#include "base/demangle.h"
#include "base/files.h"
#include "host/guest_files.h"
#include "host/host.h"

namespace rehang {

bool HostLibraries::is_module(const std::string& path, const std::string& module) const {
    if (file_name(path) == module) return true;
    const elf::File* file = files_.get(path);
    return file && file->soname() == module;
}

std::optional<std::string> HostLibraries::find(const std::string& module,
                                               const PlannedProcess& process) const {
    for (const std::string& preload : process.preload) {
        const auto path = find_library(preload);
        if (path && (file_name(preload) == module || is_module(*path, module))) return path;
    }
    if (!process.argv.empty())
        if (const auto program = find_program(process.argv.front()); program && is_module(*program, module))
            return program;
    if (auto library = find_library(module)) return library;
    const auto program = find_program(module);  // one that the process executes
    return program && files_.get(*program) ? program : std::nullopt;
}

std::optional<std::string> HostLibraries::find_in_guest(const std::string& module,
                                                        const PlannedProcess& process) const {
    std::vector<std::string> words = process.argv;
    for (const auto& [name, value] : process.env) words.push_back(value);
    return find_guest_file(module, words);
}

const std::vector<std::string>& HostLibraries::functions(const std::string& file) const {
    static const std::vector<std::string> none;
    const elf::File* elf = files_.get(file);
    return elf ? elf->function_names() : none;
}

size_t HostLibraries::matches(const std::string& file, const std::string& symbol) const {
    const elf::File* elf = files_.get(file);
    return elf ? elf->find_functions(symbol).size() : 0;
}

Libraries::Line HostLibraries::line(const std::string& file, const SourceLine& line) const {
    const elf::File* elf = files_.get(file);
    const elf::LineTable* table = files_.lines(file);
    Line answer;
    if (!elf || !table) return answer;
    answer.debug_information = !table->empty();
    answer.sources = table->sources();
    answer.nearest = table->nearest(line.source, line.line);
    for (const std::uint64_t value : elf::first_statements(*elf, *table, line.source, line.line)) {
        const elf::Symbol* function = elf->at(value);
        answer.functions.push_back(function ? demangle_short(function->name) : fmt::format("{:#x}", value));
    }
    return answer;
}

bool HostLibraries::is_code(const std::string& file, std::uint64_t offset) const {
    const elf::File* elf = files_.get(file);
    return elf && elf->is_code(offset);
}

bool HostLibraries::can_execute(const std::string& program) const {
    return find_program(program).has_value();
}

}  // namespace rehang
