// Reads a Snapshot from /proc, without stopping anyone.
#pragma once

#include <map>
#include <set>

#include "diagnose/census.h"
#include "diagnose/scope.h"
#include "diagnose/snapshot.h"
#include "diagnose/socket_tables.h"
#include "diagnose/tree_names.h"
#include "elf/unwind.h"

namespace rehang {

// Remembers the last snapshot: it is still true when nobody has run since. Keeps an unwinder for every
// process that it had to look into.
class Collector {
  public:
    explicit Collector(elf::Files& files) : files_(files) {}

    enum class Detail {
        if_asleep,  // only the states when somebody runs: nothing could be proven anyway
        always,     // for a report of what goes on: everything, though not of one moment
    };
    // About 0.2 ms when nobody has run since the last call, a millisecond otherwise.
    Snapshot collect(const Scope& scope, Detail detail = Detail::if_asleep);

    // Of a process that exists. Made anew after an exec.
    elf::Unwinder& unwinder(const ProcessSnapshot& process);
    // Of a guest of qemu-user in the process.
    elf::Unwinder& guest_unwinder(const ProcessSnapshot& process, std::uint64_t base);

  private:
    struct KeptUnwinder {
        elf::Unwinder unwinder;
        size_t mappings = 0;  // how many executable ones (of a guest: of files) the process had: another
                              // number means other modules
    };

    Snapshot collect_in_sandbox(const Scope& scope, Detail detail);
    Snapshot collect_on_machine(const Scope& scope, Detail detail);
    Snapshot cut(const Scope& scope);
    Snapshot cut_patiently(const Scope& scope);
    // But for the threads that are known already.
    void read_details(Snapshot& snapshot, const std::set<pid_t>& known_threads);
    void look_into(Snapshot& snapshot, const Scope& scope);
    void recognise_retry_loops(ProcessSnapshot& process);

    elf::Files& files_;
    SocketTables sockets_;
    std::map<pid_t, KeptUnwinder> unwinders_, guest_unwinders_;
    TreeNames names_;  // on a machine
    Census last_census_;
    Snapshot last_;  // as /proc shows it
    bool last_was_calm_ = false;
};

}  // namespace rehang
