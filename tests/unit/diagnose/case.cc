#include "case.h"

#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <cstring>

#include "diagnose/futex_object.h"
#include "diagnose/snapshot_view.h"

namespace rehang {

ThreadSnapshot& Case::waits_at(pid_t pid, pid_t tid, std::uint64_t address, std::uint32_t word,
                               std::uint32_t expected, bool shared) {
    this->word(pid, address, word);
    const std::uint64_t operation = FUTEX_WAIT_BITSET | (shared ? 0U : std::uint64_t{FUTEX_PRIVATE_FLAG});
    return asleep(pid, tid, SYS_futex, {address, operation, expected, 0});
}

void Case::stands_in(pid_t tid, std::initializer_list<std::string> functions) {
    for (const std::string& function : functions)
        stacks_[tid].push_back({.pc = 0x1000, .module = "program", .symbol = function, .offset = 1});
}

ForkRecord& Case::fork(const std::string& parent, const std::string& child) {
    ForkRecord record;
    record.parent = parent;
    record.child = child;
    return scope.forks.emplace_back(std::move(record));
}

ThreadAtFork& Case::thread_at(ForkRecord& fork, pid_t inner_tid, bool forking) {
    ThreadAtFork thread;
    thread.tid = thread.inner_tid = inner_tid;
    thread.nth = static_cast<unsigned>(fork.threads.size()) + 1;
    thread.forking = forking;
    thread.running = true;  // no registers to unwind from
    return fork.threads.emplace_back(std::move(thread));
}

void Case::executes(const std::string& path, unsigned execs) {
    KnownProcess known;
    known.path = path;
    known.execs = execs;
    scope.processes.push_back(std::move(known));
}

void Case::on_stack(ThreadAtFork& thread, std::uint64_t value) {
    auto& bytes = thread.stack.bytes;
    bytes.resize(bytes.size() + sizeof value);
    std::memcpy(bytes.data() + bytes.size() - sizeof value, &value, sizeof value);
}

std::optional<Finding> Case::ask(std::optional<Finding> (*find)(const Evidence&)) {
    WaitGraph graph = build_graph(snapshot, waits_of(snapshot));
    for (ThreadWait& waiting : graph.threads)
        if (waiting.wait.kind == WaitKind::futex)
            recognise_object(snapshot, *find_process(snapshot, waiting.pid), waiting.wait,
                             stacks_[waiting.tid]);
    elf::Files files;
    Collector collector(files);
    return find({.snapshot = snapshot,
                 .graph = graph,
                 .scope = scope,
                 .files = files,
                 .collector = collector,
                 .stacks = stacks_});
}

std::string told(const Finding& finding) {
    return fmt::format("{}", fmt::join(finding.sentences, "\n"));
}

}  // namespace rehang
