// capture_fork of diagnosis.h.
#include <fmt/format.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "diagnose/asked_memory.h"
#include "diagnose/diagnosis.h"
#include "diagnose/guest_thread.h"
#include "diagnose/proc_files.h"
#include "diagnose/waits.h"

namespace rehang {
namespace {

constexpr size_t most_stack = size_t{64} << 10;

// From the stack pointer up, as far as it is mapped. The child has the same bytes at the same place, but soon
// writes over them.
elf::SavedStack copy_stack(pid_t pid, std::uint64_t sp) {
    const auto mappings = elf::read_mappings(pid);
    const auto stack =
        std::ranges::find_if(mappings, [&](const auto& m) { return sp >= m.start && sp < m.end; });
    if (stack == mappings.end()) return {};
    const auto size = std::min<std::uint64_t>(stack->end - sp, most_stack);
    return {.start = sp, .bytes = read_memory(pid, sp, size)};
}

void look_into_guest(ThreadAtFork& thread, pid_t pid, const proc::Syscall& syscall) {
    const auto mappings = elf::read_mappings(pid);
    if (runs_arm64_guest(mappings))
        thread.guest = guest_registers_at(pid, mappings,
                                          {.number = syscall.number, .args = syscall.args, .sp = syscall.sp});
}

// What the runner knows better, the registers of a thread that it holds, stays.
void look_where_it_stands(ThreadAtFork& thread, pid_t pid) {
    const std::string task = fmt::format("/proc/{}/task/{}", pid, thread.tid);
    const auto syscall = proc::parse_syscall(read_file_or_empty(task + "/syscall"));
    const bool known = thread.registers.sp != 0;
    thread.running = !known && (!syscall || syscall->running);
    if (!syscall || syscall->running) return;
    if (!known) thread.registers = {.pc = syscall->pc, .sp = syscall->sp};
    if (!thread.guest) look_into_guest(thread, pid, *syscall);
    if (syscall->number == SYS_futex && is_futex_wait(syscall->args)) thread.waits_for = syscall->args[0];
}

ThreadAtFork look_at(pid_t pid, pid_t tid, const std::vector<ThreadAtFork>& held) {
    const auto known = std::ranges::find(held, tid, &ThreadAtFork::tid);
    ThreadAtFork thread;
    if (known != held.end()) thread = *known;
    thread.tid = tid;
    const std::string task = fmt::format("/proc/{}/task/{}", pid, tid);
    const auto stat = proc::parse_stat(read_file_or_empty(task + "/stat"));
    if (stat) thread.name = stat->comm;
    thread.inner_tid = proc::parse_status(read_file_or_empty(task + "/status")).inner_tid;
    look_where_it_stands(thread, pid);
    const std::uint64_t sp = thread.guest ? thread.guest->base + thread.guest->sp : thread.registers.sp;
    if (!thread.running && thread.stack.bytes.empty()) thread.stack = copy_stack(pid, sp);
    return thread;
}

// Where programs keep locks: .data and .bss of modules, the heap. Thread stacks and what is reserved in large
// pieces are left out.
bool may_have_locks(const elf::Mapping& mapping) {
    constexpr std::uint64_t most = std::uint64_t{4} << 20;
    return mapping.writable && mapping.readable && !mapping.shared && mapping.end - mapping.start <= most &&
           !mapping.path.starts_with("[stack");
}

// The child has not run yet: what it has now, it has from the fork, whatever the parent's threads do
// meanwhile.
std::vector<elf::SavedStack> copy_memory(pid_t child) {
    constexpr std::uint64_t budget = std::uint64_t{8} << 20;
    std::vector<elf::SavedStack> memory;
    std::uint64_t copied = 0;
    for (const elf::Mapping& mapping : elf::read_mappings(child)) {
        const std::uint64_t size = mapping.end - mapping.start;
        if (!may_have_locks(mapping) || copied + size > budget) continue;
        memory.push_back({.start = mapping.start, .bytes = read_memory(child, mapping.start, size)});
        copied += size;
    }
    return memory;
}

std::vector<DescriptorSnapshot> copy_descriptors(pid_t child) {
    auto descriptors = proc::read_descriptors(fmt::format("/proc/{}", child));
    if (!descriptors) return {};
    std::erase_if(*descriptors, [](const auto& descriptor) { return descriptor.inode == 0; });
    return std::move(*descriptors);
}

bool share_memory(pid_t parent, pid_t child) {
    return syscall(SYS_kcmp, parent, child, KCMP_VM, 0UL, 0UL) == 0;
}

unsigned birth_number(const KnownProcess& process, pid_t tid, size_t place) {
    const auto known = std::ranges::find(process.threads, tid, &KnownThread::tid);
    return known == process.threads.end() || known->nth == 0 ? static_cast<unsigned>(place) : known->nth;
}

}  // namespace

ForkRecord capture_fork(const KnownProcess& parent, pid_t forking_tid, const std::string& child_path,
                        pid_t child_pid, const std::vector<ThreadAtFork>& held) {
    ForkRecord record = {.parent = parent.path,
                         .child = child_path,
                         .parent_pid = parent.pid,
                         .child_pid = child_pid,
                         .parent_execs = parent.execs,
                         .shares_memory = child_pid != 0 && share_memory(parent.pid, child_pid),
                         .threads = {},
                         .descriptors = copy_descriptors(child_pid),
                         .memory = {}};
    const auto tids =
        proc::numbers_in(fmt::format("/proc/{}/task", parent.pid)).value_or(std::vector<pid_t>());
    for (const pid_t tid : tids) {
        ThreadAtFork thread = look_at(parent.pid, tid, held);
        thread.forking = tid == forking_tid;
        thread.nth = birth_number(parent, tid, record.threads.size() + 1);
        record.threads.push_back(std::move(thread));
    }
    if (record.threads.size() > 1 && child_pid != 0 && !record.shares_memory)
        record.memory = std::make_shared<const std::vector<elf::SavedStack>>(copy_memory(child_pid));
    return record;
}

}  // namespace rehang
