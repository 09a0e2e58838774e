#include "scene.h"

#include <fmt/format.h>

#include <algorithm>

#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

elf::Mapping mapping(std::uint64_t start, bool shared, const std::string& path) {
    elf::Mapping mapping;
    mapping.start = start;
    mapping.end = start + 0x10000;
    mapping.readable = mapping.writable = true;
    mapping.shared = shared;
    mapping.inode = shared ? 77 : 0;
    mapping.path = path;
    return mapping;
}

}  // namespace

ProcessSnapshot& Scene::process(pid_t pid, const std::string& path, pid_t parent) {
    ProcessSnapshot process;
    process.pid = process.inner_pid = pid;
    process.parent = parent;
    process.path = path;
    process.name = "program";
    process.mappings = {mapping(private_memory, false, ""), mapping(shared_memory, true, "/dev/zero")};
    for (ProcessSnapshot& other : snapshot.processes)
        if (other.pid == parent) other.children.push_back(pid);
    snapshot.consistent = snapshot.detailed = true;
    return snapshot.processes.emplace_back(std::move(process));
}

ThreadSnapshot& Scene::running(pid_t pid, pid_t tid) {
    auto& threads = of(pid).threads;
    ThreadSnapshot thread;
    thread.tid = thread.inner_tid = tid;
    thread.nth = static_cast<unsigned>(threads.size()) + 1;
    thread.state = 'R';
    return threads.emplace_back(std::move(thread));
}

ThreadSnapshot& Scene::asleep(pid_t pid, pid_t tid, long syscall, std::initializer_list<std::uint64_t> args) {
    ThreadSnapshot& thread = running(pid, tid);
    thread.state = 'S';
    thread.in_syscall = true;
    thread.syscall = syscall;
    std::ranges::copy(args, thread.args.begin());
    thread.sp = 0x7ffc00000000;
    thread.pc = 0x7f1200000000;
    return thread;
}

void Scene::zombie(pid_t pid, const std::string& path, pid_t parent) {
    process(pid, path, parent).zombie = true;
    running(pid, pid).state = 'Z';
}

DescriptorSnapshot& Scene::descriptor(pid_t pid, int fd, const std::string& target) {
    auto& descriptors = of(pid).descriptors;
    DescriptorSnapshot descriptor;
    descriptor.fd = fd;
    descriptor.target = target;
    return descriptors.emplace_back(std::move(descriptor));
}

void Scene::read_end(pid_t pid, int fd, std::uint64_t pipe) {
    DescriptorSnapshot& end = descriptor(pid, fd, fmt::format("pipe:[{}]", pipe));
    end.kind = FileKind::pipe, end.readable = true;
    end.inode = pipe;
}

void Scene::write_end(pid_t pid, int fd, std::uint64_t pipe) {
    DescriptorSnapshot& end = descriptor(pid, fd, fmt::format("pipe:[{}]", pipe));
    end.kind = FileKind::pipe, end.writable = true;
    end.inode = pipe;
}

void Scene::bytes(pid_t pid, std::uint64_t address, const void* data, size_t size) {
    const auto* const first = static_cast<const unsigned char*>(data);
    snapshot.memory[{pid, address}].assign(first, first + size);
}

void Scene::word(pid_t pid, std::uint64_t address, std::uint32_t value) {
    bytes(pid, address, &value, sizeof value);
}

ProcessSnapshot& Scene::of(pid_t pid) {
    return *std::ranges::find(snapshot.processes, pid, &ProcessSnapshot::pid);
}

bool Scene::wakes(pid_t waker, pid_t tid) const {
    return std::ranges::count(wait(tid).wakers, waker) != 0;
}

bool Scene::stuck(pid_t tid, GraphOptions options) const {
    return build_graph(snapshot, waits_of(snapshot), options).of(tid)->stuck;
}

Wait Scene::wait(pid_t tid) const {
    return build_graph(snapshot, waits_of(snapshot)).of(tid)->wait;
}

std::string Scene::may_go_on(pid_t tid) const {
    return build_graph(snapshot, waits_of(snapshot)).of(tid)->may_go_on;
}

}  // namespace rehang
