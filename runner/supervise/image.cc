#include "supervise/image.h"

#include <fmt/format.h>
#include <link.h>

#include <cstddef>
#include <cstring>
#include <limits>

#include "elf/modules.h"
#include "supervise/identity.h"
#include "supervise/tracee.h"

namespace rehang {
namespace {

// Names that this process, or one that descends from it, needs.
std::set<FunctionName> wanted_by(const ProcessPath& path, const Plan& plan) {
    std::set<FunctionName> wanted;
    for (const PlannedPoint& point : plan.points)
        if (const auto* enters = std::get_if<EntersSymbol>(&point.event);
            enters && path.covers(point.process))
            wanted.insert({enters->module, enters->symbol});
    for (const PlannedFunctionFault& fault : plan.function_faults)
        if (fault.process.covers(path) || path.covers(fault.process))
            wanted.insert({fault.module, fault.symbol});
    return wanted;
}

}  // namespace

Image begin_image(pid_t pid, const ProcessPath& path, const Plan& plan, elf::Files& files) {
    Image image;
    image.wanted = wanted_by(path, plan);
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
    const auto modules = elf::modules_of(elf::read_mappings(pid));
    for (auto wanted = image.wanted.begin(); wanted != image.wanted.end();) {
        const elf::Module* module = elf::find_module(modules, wanted->module, pid, files);
        const elf::File* file = module ? files.get(elf::host_view(pid, module->path)) : nullptr;
        if (!file) {
            ++wanted;
            continue;
        }
        const auto found = file->find_functions(wanted->symbol);
        if (found.size() == 1 && !found.front().ifunc) {
            image.addresses[*wanted] = elf::address_of(*module, *file, found.front().value);
        } else {
            const std::string why =
                found.empty() ? "has no such function"
                : found.size() > 1
                    ? "has several functions of this name: write its parameters too"
                    : "chooses the function at load time (STT_GNU_IFUNC): name the one that it chooses";
            problems.push_back(
                fmt::format("{}!{}: {} {}", wanted->module, wanted->symbol, module->path, why));
        }
        wanted = image.wanted.erase(wanted);
    }
    return problems;
}

std::vector<size_t> stub_functions(Image& image, pid_t tid, const ProcessPath& path, const Plan& plan) {
    std::vector<size_t> done;
    for (size_t i = 0; i < plan.function_faults.size(); ++i) {
        const PlannedFunctionFault& fault = plan.function_faults[i];
        const auto address = image.addresses.find({fault.module, fault.symbol});
        if (address == image.addresses.end() || image.stubbed.contains(i) || !fault.process.covers(path))
            continue;
        if (!write_code(tid, address->second, return_code(fault.value))) continue;  // killed meanwhile
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
