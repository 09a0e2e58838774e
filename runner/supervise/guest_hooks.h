// Puts a client's entries before the functions of a guest of qemu-user, by the slots (GOT) through which its
// modules call them.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "elf/symbols.h"
#include "plan/plan.h"
#include "supervise/guest_message.h"

namespace rehang {

// What is hooked in one program. Fork copies it with the memory, execve ends it.
struct GuestHooks {
    std::uint64_t base = 0;
    std::vector<EntersGuestFunction> functions;  // by entry
};

struct HookedGuest {
    GuestHooks hooks;
    std::vector<std::string> problems;  // what could not be hooked, and why
};

// `tid` is stopped by ptrace, in `pid`. The modules that are mapped by now are searched, by their files;
// nothing that the client says is believed, but for addresses in its own memory.
HookedGuest hook_functions(pid_t tid, pid_t pid, const GuestHooksWanted& client,
                           const std::set<EntersGuestFunction>& functions, elf::Files& files);

}  // namespace rehang
