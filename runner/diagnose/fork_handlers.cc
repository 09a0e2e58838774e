#include "diagnose/fork_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rehang {

std::optional<MissingForkHandlers> missing_fork_handlers(elf::Files& files, const ProcessSnapshot& process,
                                                         std::uint64_t lock) {
    const auto modules = elf::modules_of(process.mappings);
    const auto linkage_of = [&](const elf::Module& module) {
        return files.linkage(elf::host_view(process.pid, module.path));
    };
    const elf::Module* const module = elf::module_at(modules, lock);
    const elf::Linkage* const linkage = module ? linkage_of(*module) : nullptr;
    if (!linkage) return std::nullopt;
    // What qemu-user itself is linked to is not there for its guest.
    const auto may_be_bound_to = [&](const elf::Linkage& other) {
        return other.is_arm64() == linkage->is_arm64();
    };
    for (const char* const symbol : {"pthread_atfork", "__register_atfork"}) {
        if (!linkage->refers_weakly_to(symbol)) continue;
        const bool is_exported = std::ranges::any_of(modules, [&](const elf::Module& other) {
            const elf::Linkage* const exporter = linkage_of(other);
            return exporter && may_be_bound_to(*exporter) && exporter->exports(symbol);
        });
        if (is_exported) continue;
        return MissingForkHandlers{
            .module = module->name,
            .symbol = symbol,
            .sentence = fmt::format(
                "No fork handler could be registered through {0}, by which handlers take a library's locks "
                "before a fork and release them after it: {1}, which the lock belongs to, has a weak "
                "reference "
                "to {0}, and no module that is loaded exports it, so the reference is null.",
                symbol, module->name)};
    }
    return std::nullopt;
}

}  // namespace rehang
