// One rule a kind of system call; waits.cc chooses among them. Pure; internal to diagnose/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "diagnose/interests.h"
#include "diagnose/snapshot.h"
#include "diagnose/wait.h"

namespace rehang::wait_rules {

// A thread asleep in a system call, with all that surrounds it. Borrows.
struct Sleeper {
    const Snapshot& snapshot;
    const ProcessSnapshot& process;
    const ThreadSnapshot& thread;
};

// wait_descriptor.cc
Wait at_descriptors(const Sleeper& sleeper, const Interests& interests);
Wait for_partner_at_fifo(
    const Sleeper& sleeper);  // open, openat, openat2: of a FIFO, until its other side is opened

// wait_futex.cc
Wait on_futex(const Sleeper& sleeper);

// wait_child.cc
Wait for_child(const Sleeper& sleeper);  // wait4(pid, …), waitid(type, id, …)
Wait for_vfork(const Sleeper& sleeper);  // vfork, clone, clone3 with CLONE_VFORK

// wait_others.cc
Wait for_signal(const Sleeper& sleeper);
Wait for_time(const Sleeper& sleeper);
Wait not_understood(const Sleeper& sleeper);

// A folder that only processes of the sandbox can reach: a FIFO or shared memory there is nobody else's.
bool is_private_place(std::string_view path);
// Never on a machine with others.
bool is_private(const Snapshot& snapshot, std::string_view path);

// "pipe:[123] (fd 3)"
std::string name_of(const DescriptorSnapshot& descriptor);

}  // namespace rehang::wait_rules
