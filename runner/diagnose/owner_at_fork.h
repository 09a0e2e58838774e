// Who held a lock at the fork through which a process got its copy of it.
#pragma once

#include <optional>
#include <string>

#include "diagnose/evidence.h"

namespace rehang {

struct OwnerAtFork {
    const ForkRecord* fork = nullptr;
    const ThreadAtFork* thread = nullptr;
    std::string known_because;  // "the mutex names it as its owner": how sure this is, for the report
};

// The thread, other than the forking one, that held the lock that `waiting`, a thread of `child`, waits for.
// Looks back through all recorded forks that its memory comes from, the last one first. Nothing where no
// evidence says who: better no cause than a wrong one.
std::optional<OwnerAtFork> find_owner_at_fork(const Evidence& evidence, const ProcessSnapshot& child,
                                              const ThreadWait& waiting);

// A word of memory as the child got it. Nothing where it was not kept.
std::optional<std::uint32_t> word_at_fork(const ForkRecord& fork, std::uint64_t address);

// Where a thread stood at a fork. Its process may be gone: the child has the same modules at the same
// addresses.
std::vector<elf::Frame> stack_at_fork(const Evidence& evidence, const ProcessSnapshot& child,
                                      const ThreadAtFork& thread);

}  // namespace rehang
