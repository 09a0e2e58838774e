#include "diagnose/snapshot_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace rehang {
namespace {

template <class T>
const T* pointer_to(const std::vector<T>& all, typename std::vector<T>::const_iterator found) {
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

const ProcessSnapshot* find_process(const Snapshot& snapshot, pid_t pid) {
    return pointer_to(snapshot.processes, std::ranges::find(snapshot.processes, pid, &ProcessSnapshot::pid));
}

const ProcessSnapshot* process_of_thread(const Snapshot& snapshot, pid_t tid) {
    return pointer_to(snapshot.processes, std::ranges::find_if(snapshot.processes, [&](const auto& process) {
                          return std::ranges::any_of(process.threads,
                                                     [&](const auto& thread) { return thread.tid == tid; });
                      }));
}

const ThreadSnapshot* find_thread(const Snapshot& snapshot, pid_t tid) {
    const ProcessSnapshot* const process = process_of_thread(snapshot, tid);
    if (!process) return nullptr;
    return pointer_to(process->threads, std::ranges::find(process->threads, tid, &ThreadSnapshot::tid));
}

const DescriptorSnapshot* find_descriptor(const ProcessSnapshot& process, int fd) {
    return pointer_to(process.descriptors,
                      std::ranges::find(process.descriptors, fd, &DescriptorSnapshot::fd));
}

const elf::Mapping* mapping_at(const ProcessSnapshot& process, std::uint64_t address) {
    return pointer_to(process.mappings, std::ranges::find_if(process.mappings, [&](const auto& mapping) {
                          return address >= mapping.start && address < mapping.end;
                      }));
}

bool share_memory(const ProcessSnapshot& one, const ProcessSnapshot& other) {
    return one.pid == other.pid || (one.memory_of != 0 && one.memory_of == other.memory_of);
}

bool has_ended(const ThreadSnapshot& thread) {
    return thread.state == 'Z' || thread.state == 'X';
}

std::vector<pid_t> living_threads(const ProcessSnapshot& process, pid_t except) {
    std::vector<pid_t> living;
    for (const ThreadSnapshot& thread : process.threads)
        if (thread.tid != except && !has_ended(thread)) living.push_back(thread.tid);
    return living;
}

std::vector<pid_t> living_threads(const Snapshot& snapshot, pid_t except) {
    std::vector<pid_t> living;
    for (const ProcessSnapshot& process : snapshot.processes)
        std::ranges::copy(living_threads(process, except), std::back_inserter(living));
    return living;
}

bool copy_bytes(const Snapshot& snapshot, pid_t pid, std::uint64_t address, void* to, size_t size) {
    // The last piece that begins at the address or before it; a piece inside of another one may be too short.
    for (auto piece = snapshot.memory.upper_bound({pid, address}); piece != snapshot.memory.begin();) {
        const auto& [key, bytes] = *--piece;
        if (key.first != pid) return false;
        const std::uint64_t offset = address - key.second;
        if (offset > bytes.size() || bytes.size() - offset < size) continue;
        std::memcpy(to, bytes.data() + offset, size);
        return true;
    }
    return false;
}

std::optional<std::uint32_t> word_at(const Snapshot& snapshot, pid_t pid, std::uint64_t address) {
    return value_at<std::uint32_t>(snapshot, pid, address);
}

std::optional<std::uint64_t> long_at(const Snapshot& snapshot, pid_t pid, std::uint64_t address) {
    return value_at<std::uint64_t>(snapshot, pid, address);
}

std::string label(const ProcessSnapshot& process) {
    return process.path.empty() ? fmt::format("{} (pid {})", process.name, process.pid) : process.path;
}

std::string label(const ProcessSnapshot& process, const ThreadSnapshot& thread) {
    return thread.nth == 1 ? label(process) : fmt::format("{} {}", label(process), role(thread));
}

std::string role(const ThreadSnapshot& thread) {
    return thread.nth == 1 ? "main" : fmt::format("thread {}", thread.nth);
}

std::string enumerate(const std::vector<std::string>& parts, std::string_view last_separator) {
    std::string text;
    for (size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) text += i + 1 == parts.size() ? last_separator : ", ";
        text += parts[i];
    }
    return text;
}

}  // namespace rehang
