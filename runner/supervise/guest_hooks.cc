#include "supervise/guest_hooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <expected>
#include <span>

#include "elf/modules.h"
#include "supervise/tracee.h"

namespace rehang {
namespace {

struct GuestModule {
    const elf::Module* module;
    const elf::File* file;
    const elf::Linkage* linkage;
};

std::vector<GuestModule> guest_modules(const std::vector<elf::Module>& modules, pid_t pid,
                                       elf::Files& files) {
    std::vector<GuestModule> found;
    for (const elf::Module& module : modules) {
        const std::string path = elf::host_view(pid, module.path);
        const elf::Linkage* const linkage = files.linkage(path);
        if (linkage && linkage->is_arm64()) found.push_back({&module, files.get(path), linkage});
    }
    return found;
}

struct Function {
    std::uint64_t address = 0;  // the guest's
    std::vector<std::string> names;
};

class Hooking {
  public:
    Hooking(pid_t tid, pid_t pid, const GuestHooksWanted& client, elf::Files& files)
        : tid_(tid),
          pid_(pid),
          client_(client),
          files_(files),
          all_(elf::modules_of(elf::read_mappings(pid))) {
        modules_ = guest_modules(all_, pid, files);
    }

    // Nothing if the function is called by way of the entry from now on.
    std::expected<void, std::string> hook(const EntersGuestFunction& wanted, std::uint64_t entry) {
        const auto function = find(wanted);
        if (!function) return std::unexpected(function.error());
        const std::uint64_t at = client_.base + client_.originals + entry * sizeof(std::uint64_t);
        if (!put(at, function->address)) return std::unexpected("the client's table is not there");
        size_t hooked = 0;
        size_t unsure = 0;
        for (const GuestModule& module : modules_) {
            if (is_clients(module)) continue;  // its own calls lead to no entry
            for (const std::string& name : function->names)
                for (const elf::Slot& slot : module.linkage->slots_of(name)) {
                    const std::uint64_t there = elf::address_of(*module.module, *module.file, slot.at);
                    switch (leads_to(*function, name, module, slot, there)) {
                        case Leads::there:
                            hooked += put(there, client_.entries + entry * client_.entry_size) ? 1 : 0;
                            break;
                        case Leads::nobody_knows:
                            ++unsure;
                            break;
                        case Leads::elsewhere:
                            break;
                    }
                }
        }
        if (unsure > 0)
            return std::unexpected(fmt::format(
                "several modules have a function of this name, and the loader has not decided yet: set "
                "LD_BIND_NOW=1 in the guest"));
        if (hooked == 0) return std::unexpected("no module that is loaded calls it through a slot");
        return {};
    }

  private:
    enum class Leads { there, elsewhere, nobody_knows };

    std::expected<Function, std::string> find(const EntersGuestFunction& wanted) const {
        const elf::Module* const module = elf::find_module(all_, wanted.module, pid_, files_);
        const auto known = std::ranges::find(modules_, module, &GuestModule::module);
        if (!module || known == modules_.end())
            return std::unexpected("the guest has no such module when it starts");
        const auto found = known->file->find_functions(wanted.symbol);
        if (found.empty()) return std::unexpected(fmt::format("{} has no such function", module->path));
        if (found.size() > 1)
            return std::unexpected(
                fmt::format("{} has several functions of this name: write its parameters too", module->path));
        if (found.front().ifunc)
            return std::unexpected(
                fmt::format("{} chooses the function at load time (STT_GNU_IFUNC)", module->path));
        return Function{.address = elf::address_of(*module, *known->file, found.front().value) - client_.base,
                        .names = known->file->names_of(found.front().value)};
    }

    bool is_clients(const GuestModule& module) const {
        const std::uint64_t entries = client_.base + client_.entries;
        return entries >= module.module->start && entries < module.module->end;
    }

    // A slot that the loader has not filled leads into its own module, to what asks the loader.
    Leads leads_to(const Function& function, const std::string& name, const GuestModule& module,
                   const elf::Slot& slot, std::uint64_t at) const {
        std::uint64_t value = 0;
        if (!read_memory(pid_, at, &value, sizeof value)) return Leads::elsewhere;
        if (value == function.address) return Leads::there;
        const std::uint64_t host_value = client_.base + value;
        const bool is_open =
            slot.lazy && host_value >= module.module->start && host_value < module.module->end;
        if (!is_open) return Leads::elsewhere;
        const auto definitions = std::ranges::count_if(
            modules_, [&](const GuestModule& other) { return other.linkage->exports(name); });
        return definitions == 1 ? Leads::there : Leads::nobody_knows;
    }

    // Also where the guest may only read: slots are made read-only when the loader is done (RELRO).
    bool put(std::uint64_t address, std::uint64_t value) const {
        unsigned char bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        return write_code(tid_, address, bytes);
    }

    pid_t tid_, pid_;
    const GuestHooksWanted& client_;
    elf::Files& files_;
    std::vector<elf::Module> all_;
    std::vector<GuestModule> modules_;
};

}  // namespace

HookedGuest hook_functions(pid_t tid, pid_t pid, const GuestHooksWanted& client,
                           const std::set<EntersGuestFunction>& functions, elf::Files& files) {
    HookedGuest hooked{.hooks = {.base = client.base, .functions = {}}, .problems = {}};
    if (functions.empty()) return hooked;
    Hooking hooking(tid, pid, client, files);
    for (const EntersGuestFunction& function : functions) {
        const std::uint64_t entry = hooked.hooks.functions.size();
        if (entry == client.count) {
            hooked.problems.push_back(fmt::format("{}: the client has no entry left", function.text()));
            break;
        }
        if (const auto done = hooking.hook(function, entry); !done)
            hooked.problems.push_back(fmt::format("{}: {}", function.text(), done.error()));
        hooked.hooks.functions.push_back(function);
    }
    return hooked;
}

}  // namespace rehang
