// One program image of a target: where the functions that the plan names are in it, and which of them answer
// something else.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "elf/symbols.h"
#include "plan/plan.h"

namespace rehang {

// Copied to the children of a fork (same addresses, same patched code), made anew by execve.
struct Image {
    std::set<CodePlace> wanted;                    // not found yet
    std::map<CodePlace, std::uint64_t> addresses;  // found
    // Of those, in modules that were mapped when the program began: they stay where they are. What dlopen(3)
    // brought may go with dlclose, and come back elsewhere.
    std::set<CodePlace> lasting;
    bool began = false;
    std::set<size_t> stubbed;  // indices of plan.function_faults that were done in this image
    std::uint64_t entry = 0;   // the program's entry point, where a fault waits for it
    bool past_entry = false;
    std::uint64_t loader_break = 0;  // the dynamic loader's _dl_debug_state; 0: a static program
    std::uint64_t loader_state = 0;  // address of r_debug.r_state (<link.h>); 0: unknown

    // The loader may still map something that is wanted: its notification address is worth a breakpoint.
    bool loading() const {
        return loader_break != 0 && (!wanted.empty() || addresses.size() > lasting.size());
    }
    std::optional<std::uint64_t> address_of(const CodePlace& place) const;
};

// The image of a process that is stopped at the end of its execve, before the first instruction. What a
// static program defines itself is found at once.
Image begin_image(pid_t pid, const ProcessPath& now, const Plan& plan, elf::Files& files);

// All that was to be mapped is, and no constructor of it has run (r_state is RT_CONSISTENT in
// _dl_debug_state).
bool loader_is_consistent(pid_t pid, const Image& image);

// Looks for what is wanted among what the process has mapped now, and whether what was found before is still
// there. Returns what went wrong, a sentence each (an indirect function, a library without the symbol); such
// places are wanted no longer.
std::vector<std::string> find_wanted(Image& image, pid_t pid, elf::Files& files);

// Makes the functions of the faults that were found, and not stubbed out yet, return their values. The thread
// must be stopped; `now` is its process with the executions so far. Returns the indices of
// plan.function_faults that were done now.
std::vector<size_t> stub_functions(Image& image, pid_t tid, const ProcessPath& now, const Plan& plan);

// x86_64 code that returns the value in rax, and does nothing else.
std::vector<unsigned char> return_code(std::int64_t value);

}  // namespace rehang
