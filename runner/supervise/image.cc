#include "supervise/image.h"

#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <expected>
#include <limits>

#include "elf/modules.h"
#include "supervise/identity.h"
#include "supervise/tracee.h"

namespace rehang {
namespace {

CodePlace function_of(const PlannedFunctionFault& fault) {
    return {.module = fault.module, .where = fault.symbol};
}

// A process that descends from `now`, and still has the memory that fork copied for it.
bool may_inherit(const ProcessPath& process, const ProcessPath& now) {
    return now.covers(process) && !now.same_process(process) && process.exec.value_or(0) == 0;
}

// The fault is in what the process runs: in one program, or in all of it and of its descendants.
bool concerns(const PlannedFunctionFault& fault, const ProcessPath& now) {
    return fault.process.exec ? fault.process.names(now) : fault.process.covers(now);
}

// Places that this process, or one that descends from it, needs in what it runs now.
std::set<CodePlace> wanted_by(const ProcessPath& now, const Plan& plan) {
    std::set<CodePlace> wanted;
    for (const PlannedPoint& point : plan.points) {
        if (!point.process.names(now) && !may_inherit(point.process, now)) continue;
        if (const auto* enters = std::get_if<EntersSymbol>(&point.event)) wanted.insert(enters->place);
        if (const auto* leaves = std::get_if<LeavesSymbol>(&point.event)) wanted.insert(leaves->place);
    }
    for (const PlannedFunctionFault& fault : plan.function_faults)
        if (concerns(fault, now) || may_inherit(fault.process, now)) wanted.insert(function_of(fault));
    return wanted;
}

// The module that a place is in, if it is mapped now.
const elf::Module* module_of(const CodePlace& place, const std::vector<elf::Module>& modules, pid_t pid,
                             elf::Files& files) {
    if (!place.module.empty()) return elf::find_module(modules, place.module, pid, files);
    const auto program = std::ranges::find(modules, program_of(pid).file, &elf::Module::path);
    return program == modules.end() ? nullptr : &*program;
}

// Where a place is in its file; or why it is not there.
using Found = std::expected<std::uint64_t, std::string>;

Found find_in(const elf::File& file, const elf::LineTable&, const std::string& function) {
    const auto found = file.find_functions(function);
    if (found.empty()) return std::unexpected("has no such function");
    if (found.size() > 1)
        return std::unexpected("has several functions of this name: write its parameters too");
    if (found.front().ifunc)
        return std::unexpected(
            "chooses the function at load time (STT_GNU_IFUNC): name the one that it chooses");
    return found.front().value;
}

Found find_in(const elf::File& file, const elf::LineTable& lines, const SourceLine& line) {
    const auto found = elf::first_statements(file, lines, line.source, line.line);
    if (found.empty()) return std::unexpected("has no code of this line, or no debug information");
    if (found.size() > 1) return std::unexpected("has this line in several functions: name one of them");
    return found.front();
}

Found find_in(const elf::File& file, const elf::LineTable&, const CodeOffset& offset) {
    if (!file.is_code(offset.value)) return std::unexpected("has no code there");
    return offset.value;
}

Found find_place(const CodePlace& place, const elf::File& file, const std::string& path, elf::Files& files) {
    // Line tables are long, and read only for those who ask for a line.
    static const elf::LineTable none;
    const elf::LineTable* lines =
        std::holds_alternative<SourceLine>(place.where) ? files.lines(path) : nullptr;
    return std::visit([&](const auto& where) { return find_in(file, lines ? *lines : none, where); },
                      place.where);
}

// What has been found and may not be there any more is wanted again.
void want_again(Image& image) {
    for (auto found = image.addresses.begin(); found != image.addresses.end();) {
        if (image.lasting.contains(found->first)) {
            ++found;
            continue;
        }
        image.wanted.insert(found->first);
        found = image.addresses.erase(found);
    }
}

// Some fault begins with the program's own code, in this process or what descends from it.
bool entry_matters(const ProcessPath& now, const Plan& plan) {
    return std::ranges::any_of(plan.syscall_faults, [&](const PlannedSyscallFault& fault) {
        return fault.window.after_entry &&
               (fault.process.covers(now) || fault.process.within({.root = now.root, .forks = now.forks}));
    });
}

}  // namespace

Image begin_image(pid_t pid, const ProcessPath& now, const Plan& plan, elf::Files& files) {
    Image image;
    image.wanted = wanted_by(now, plan);
    if (entry_matters(now, plan)) image.entry = auxiliary_value(pid, AT_ENTRY);
    if (image.wanted.empty()) return image;
    const std::uint64_t base = auxiliary_value(pid, AT_BASE);
    if (base == 0) {  // no interpreter: a static program
        find_wanted(image, pid, files);
        return image;
    }
    const auto modules = elf::modules_of(elf::read_mappings(pid));
    const elf::Module* loader = elf::module_at(modules, base);
    const elf::File* file = loader ? files.get(elf::host_view(pid, loader->path)) : nullptr;
    if (!file) return image;
    if (const auto found = file->find_functions("_dl_debug_state"); !found.empty())
        image.loader_break = elf::address_of(*loader, *file, found.front().value);
    if (const elf::Symbol* debug = file->find_object("_r_debug"))
        image.loader_state = elf::address_of(*loader, *file, debug->value) + offsetof(r_debug, r_state);
    return image;
}

bool loader_is_consistent(pid_t pid, const Image& image) {
    int state = r_debug::RT_CONSISTENT;  // a loader that does not show its state (musl) notifies once, when
                                         // all is mapped
    if (image.loader_state != 0) read_memory(pid, image.loader_state, &state, sizeof state);
    return state == r_debug::RT_CONSISTENT;
}

std::vector<std::string> find_wanted(Image& image, pid_t pid, elf::Files& files) {
    std::vector<std::string> problems;
    want_again(image);
    const auto modules = elf::modules_of(elf::read_mappings(pid));
    for (auto wanted = image.wanted.begin(); wanted != image.wanted.end();) {
        const elf::Module* module = module_of(*wanted, modules, pid, files);
        const std::string path = module ? elf::host_view(pid, module->path) : std::string();
        const elf::File* file = module ? files.get(path) : nullptr;
        if (!file) {
            ++wanted;
            continue;
        }
        if (const Found value = find_place(*wanted, *file, path, files)) {
            image.addresses[*wanted] = elf::address_of(*module, *file, *value);
            if (!image.began) image.lasting.insert(*wanted);
        } else {
            problems.push_back(fmt::format("{}: {} {}", wanted->text(), module->path, value.error()));
        }
        wanted = image.wanted.erase(wanted);
    }
    image.began = true;
    return problems;
}

std::optional<std::uint64_t> Image::address_of(const CodePlace& place) const {
    const auto found = addresses.find(place);
    return found == addresses.end() ? std::nullopt : std::optional(found->second);
}

std::vector<size_t> stub_functions(Image& image, pid_t tid, const ProcessPath& now, const Plan& plan) {
    std::vector<size_t> done;
    for (size_t i = 0; i < plan.function_faults.size(); ++i) {
        const PlannedFunctionFault& fault = plan.function_faults[i];
        const auto address = image.address_of(function_of(fault));
        if (!address)
            image.stubbed.erase(i);  // not there, or not any more: with a new mapping comes new code
        if (!address || image.stubbed.contains(i) || !concerns(fault, now)) continue;
        if (!write_code(tid, *address, return_code(fault.value))) continue;  // killed meanwhile
        image.stubbed.insert(i);
        done.push_back(i);
    }
    return done;
}

std::vector<unsigned char> return_code(std::int64_t value) {
    constexpr unsigned char ret = 0xc3;
    std::vector<unsigned char> code;
    const auto append = [&](auto immediate) {
        unsigned char bytes[sizeof immediate];
        std::memcpy(bytes, &immediate, sizeof immediate);
        code.insert(code.end(), bytes, bytes + sizeof immediate);
    };
    // The shortest form, so that it fits into the smallest functions.
    if (value == 0) {
        code = {0x31, 0xc0};  // xor eax, eax
    } else if (value > 0 && value <= std::numeric_limits<std::uint32_t>::max()) {
        code = {0xb8};  // mov eax, imm32: the upper half becomes 0
        append(static_cast<std::uint32_t>(value));
    } else if (value < 0 && value >= std::numeric_limits<std::int32_t>::min()) {
        code = {0x48, 0xc7, 0xc0};  // mov rax, imm32: sign-extended
        append(static_cast<std::int32_t>(value));
    } else {
        code = {0x48, 0xb8};  // mov rax, imm64
        append(value);
    }
    code.push_back(ret);
    return code;
}

}  // namespace rehang
