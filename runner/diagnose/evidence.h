// What the search for a cause works on, and what it comes back with.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "diagnose/collect.h"
#include "diagnose/diagnosis.h"
#include "diagnose/graph.h"
#include "diagnose/scope.h"
#include "diagnose/snapshot.h"

namespace rehang {

// Borrows everything but the stacks.
struct Evidence {
    const Snapshot& snapshot;
    const WaitGraph& graph;
    const Scope& scope;
    elf::Files& files;
    Collector& collector;  // for the unwinders that it keeps
    std::map<pid_t, std::vector<elf::Frame>> stacks;
};

struct Finding {
    Cause cause = Cause::unknown;
    std::vector<std::string> sentences;
    pid_t thread = 0;  // the one that all others wait for in the end; 0: the last one of the stuck chain
    std::vector<GraphNode> nodes;
    std::vector<GraphEdge> edges;
};

// The living threads of the main processes; on a machine of all that were asked about.
std::vector<pid_t> main_threads(const Snapshot& snapshot, const Scope& scope);
// The stuck threads that the main threads wait for, directly or through others; the main threads first,
// nearest first.
std::vector<const ThreadWait*> stuck_chain(const Evidence& evidence);

std::string label_of(const Snapshot& snapshot, pid_t tid);
// Ids of graph nodes: "probe/1/1:main", "pipe:123", "lock:0x7f…".
std::string thread_node(const ProcessSnapshot& process, const ThreadSnapshot& thread);
std::string pipe_node(std::uint64_t inode);
std::string lock_node(std::uint64_t address);

// The recorded forks between a process and the first of its ancestors, the last one first: through all of
// them it may have got its descriptors.
std::vector<const ForkRecord*> forks_that_led_to(const Scope& scope, const std::string& path);
// Those of them that its memory is a copy from: none from before the last execve on the way, which begins
// with new memory.
std::vector<const ForkRecord*> forks_of_the_memory(const Scope& scope, const std::string& path);
// A child has a copy of its own only of private memory: what is shared goes on for it too.
bool is_private(const ProcessSnapshot& process, std::uint64_t address);
// Has the process a thread with this inner tid?
bool exists_in(const ProcessSnapshot& process, pid_t inner_tid);

// Where in the program an address is: "libtcmalloc.so.4.5.10+0x1c0", with the number behind it where that is
// not all.
std::string place_of(const Evidence& evidence, const ProcessSnapshot& process, std::uint64_t address);
// Has the stack of the thread a frame whose function is `symbol`, among its innermost ones? Underscores in
// front don't count.
bool stands_in(const Evidence& evidence, pid_t tid, std::string_view symbol);
// The thread that holds the lock that a thread waits for, as the lock itself says; an inner tid. Nothing for
// locks that do not say. Whether that thread exists: owner_of (futex_object.h).
std::optional<pid_t> mutex_owner(const ThreadWait& waiting);

}  // namespace rehang
