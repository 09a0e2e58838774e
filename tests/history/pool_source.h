// A small allocator, as it is at some time of its life: malloc() and free() for who preloads it. One lock is
// for all of it.
#pragma once

#include <map>
#include <string>

namespace rehang::history {

// What changes with time, each independently of the others.
struct PoolState {
    // How it looks after its lock at fork(): a child that gets it locked waits for ever for its first memory.
    enum class AtFork {
        nothing,
        in_pool,  // pthread_atfork(3) in pool.c
        in_file,  // the same in fork.c
    } at_fork = AtFork::nothing;
    bool builds = true;
    bool aborts = false;   // by an assertion that is wrong, whatever the lock does
    bool renamed = false;  // its functions and its lock have the names that they have in the end
    unsigned chunk = 1;    // MiB that are taken from the kernel at a time

    bool looks_after_lock() const { return at_fork != AtFork::nothing; }
    bool operator==(const PoolState&) const = default;
};

// Files by name, to be built by pool_build into pool_library. A thread in the function pool_put() holds the
// lock.
std::map<std::string, std::string> source_of(const PoolState& state);
constexpr const char* pool_build = "cc -shared -fPIC -pthread -O1 -o libpool.so *.c";
constexpr const char* pool_library = "libpool.so";

}  // namespace rehang::history
