// Questions to a Snapshot, and the names that its processes and threads have in sentences. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnose/snapshot.h"

namespace rehang {

// Null where there is none. Good as long as the snapshot.
const ProcessSnapshot* find_process(const Snapshot& snapshot, pid_t pid);
const ProcessSnapshot* process_of_thread(const Snapshot& snapshot, pid_t tid);
const ThreadSnapshot* find_thread(const Snapshot& snapshot, pid_t tid);
const DescriptorSnapshot* find_descriptor(const ProcessSnapshot& process, int fd);
const elf::Mapping* mapping_at(const ProcessSnapshot& process, std::uint64_t address);

// One address space, by CLONE_VM. True for a process and itself.
bool share_memory(const ProcessSnapshot& one, const ProcessSnapshot& other);

bool has_ended(const ThreadSnapshot& thread);
// All threads that have not ended, but `except`.
std::vector<pid_t> living_threads(const ProcessSnapshot& process, pid_t except = 0);
std::vector<pid_t> living_threads(const Snapshot& snapshot, pid_t except = 0);

// Bytes at an address, also from inside of a larger piece that the snapshot has read. False where it has not.
bool copy_bytes(const Snapshot& snapshot, pid_t pid, std::uint64_t address, void* to, size_t size);
// The 4 or 8 bytes at an address, if the snapshot has read them.
std::optional<std::uint32_t> word_at(const Snapshot& snapshot, pid_t pid, std::uint64_t address);
std::optional<std::uint64_t> long_at(const Snapshot& snapshot, pid_t pid, std::uint64_t address);
// The same for anything that is plain bytes.
template <class T>
std::optional<T> value_at(const Snapshot& snapshot, pid_t pid, std::uint64_t address) {
    T value;
    if (!copy_bytes(snapshot, pid, address, &value, sizeof value)) return std::nullopt;
    return value;
}

// "probe/1", or "sh (pid 12)" where the runner has no name for it.
std::string label(const ProcessSnapshot& process);
// The main thread is called like its process; others "probe/1 thread 2".
std::string label(const ProcessSnapshot& process, const ThreadSnapshot& thread);
// "main", "thread 2".
std::string role(const ThreadSnapshot& thread);
// "a", "a and b", "a, b and c".
std::string enumerate(const std::vector<std::string>& parts, std::string_view last_separator = " and ");

}  // namespace rehang
