#include "supervise/identity.h"

#include <elf.h>
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "base/files.h"
#include "supervise/tracee.h"

namespace rehang {
namespace {

pid_t last_number(std::string_view line) {
    pid_t number = 0;
    const std::string_view digits = line.substr(line.find_last_not_of("0123456789") + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

// A text in the process's memory, as far as it is mapped.
std::string read_text(pid_t pid, std::uint64_t address) {
    constexpr std::uint64_t page = 4096;
    std::string text;
    while (address != 0 && text.size() < PATH_MAX) {
        std::array<char, page> part{};
        const size_t size = page - address % page;
        if (!read_memory(pid, address, part.data(), size)) break;
        const size_t length = ::strnlen(part.data(), size);
        text.append(part.data(), length);
        if (length < size) break;
        address += size;
    }
    return text;
}

template <class Entry>
std::uint64_t value_in(const std::string& vector, std::uint64_t type) {
    for (size_t at = 0; at + sizeof(Entry) <= vector.size(); at += sizeof(Entry)) {
        Entry entry;
        std::memcpy(&entry, vector.data() + at, sizeof entry);
        if (entry.a_type == type) return entry.a_un.a_val;
    }
    return 0;
}

}  // namespace

Identity identity_of(pid_t tid) {
    const std::string status = read_file_or_empty(fmt::format("/proc/{}/status", tid));
    const auto line = [&](std::string_view key) {
        const size_t at = status.find(key);
        return at == std::string::npos
                   ? std::string_view()
                   : std::string_view(status).substr(at + 1, status.find('\n', at + 1) - at - 1);
    };
    return {.process = last_number(line("\nTgid:")), .inner_tid = last_number(line("\nNSpid:"))};
}

std::string thread_name(pid_t tid) {
    std::string name = read_file_or_empty(fmt::format("/proc/{}/comm", tid));
    if (name.ends_with('\n')) name.pop_back();
    return name;
}

char thread_state(pid_t tid) {
    const std::string stat = read_file_or_empty(fmt::format("/proc/{}/stat", tid));
    const size_t name_end = stat.rfind(')');  // the name may hold anything
    return name_end == std::string::npos || name_end + 2 >= stat.size() ? '\0' : stat[name_end + 2];
}

std::uint64_t auxiliary_value(pid_t pid, std::uint64_t type) {
    const std::string vector = read_file_or_empty(fmt::format("/proc/{}/auxv", pid));
    return runs_32_bit_program(pid) ? value_in<Elf32_auxv_t>(vector, type)
                                    : value_in<Elf64_auxv_t>(vector, type);
}

bool runs_32_bit_program(pid_t pid) {
    std::array<char, EI_NIDENT> header{};
    std::ifstream(fmt::format("/proc/{}/exe", pid)).read(header.data(), header.size());
    return header[EI_CLASS] == ELFCLASS32;
}

Program program_of(pid_t pid) {
    Program program;
    program.called = read_text(pid, auxiliary_value(pid, AT_EXECFN));
    std::error_code gone;
    program.file = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), gone).string();
    return program;
}

bool Program::matches(const std::string& pattern) const {
    const bool whole = pattern.find('/') != std::string::npos;
    const auto is = [&](const std::string& path) {
        const std::string text = whole ? path : std::string(file_name(path));
        return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
    };
    return is(called) || is(file);
}

std::vector<pid_t> children_of(pid_t tid) {
    std::istringstream text(read_file_or_empty(fmt::format("/proc/{0}/task/{0}/children", tid)));
    std::vector<pid_t> children;
    for (pid_t child = 0; text >> child;) children.push_back(child);
    return children;
}

}  // namespace rehang
