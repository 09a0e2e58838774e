// Why a library's locks are not taken before a fork.
#pragma once

#include <optional>
#include <string>

#include "diagnose/snapshot.h"
#include "elf/symbols.h"

namespace rehang {

struct MissingForkHandlers {
    std::string module;  // that the lock is in
    std::string symbol;  // by which it would register them
    std::string sentence;
};

// The module that the lock lies in refers weakly to a function that registers fork handlers, and no module of
// the process exports it: the reference is null, and what the module would register by it is not there.
std::optional<MissingForkHandlers> missing_fork_handlers(elf::Files& files, const ProcessSnapshot& process,
                                                         std::uint64_t lock);

}  // namespace rehang
