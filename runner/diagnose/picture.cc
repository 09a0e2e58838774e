#include "diagnose/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

DiagnosedThread picture(const Evidence& evidence, const ThreadSnapshot& thread) {
    const ThreadWait* const wait = evidence.graph.of(thread.tid);
    const auto stack = evidence.stacks.find(thread.tid);
    return {.tid = thread.tid,
            .inner_tid = thread.inner_tid,
            .nth = thread.nth,
            .name = thread.name,
            .role = role(thread),
            .wait = wait->wait,
            .stuck = wait->stuck,
            .may_go_on = wait->may_go_on,
            .stack = stack == evidence.stacks.end() ? std::vector<elf::Frame>() : stack->second};
}

const KnownProcess* known_process(const Scope& scope, const std::string& path) {
    const auto known = std::ranges::find(scope.processes, path, &KnownProcess::path);
    return path.empty() || known == scope.processes.end() ? nullptr : &*known;
}

std::string forked_by(const Evidence& evidence, const ProcessSnapshot& process) {
    if (const KnownProcess* const known = known_process(evidence.scope, process.path))
        return known->parent_path;
    const ProcessSnapshot* const parent = find_process(evidence.snapshot, process.parent);
    return parent ? parent->path : std::string();
}

DiagnosedProcess picture(const Evidence& evidence, const ProcessSnapshot& process) {
    const KnownProcess* const known = known_process(evidence.scope, process.path);
    DiagnosedProcess pictured = {.path = process.path,
                                 .pid = process.pid,
                                 .inner_pid = process.inner_pid,
                                 .parent = process.parent,
                                 .parent_path = forked_by(evidence, process),
                                 .program = known ? known->program : std::string(),
                                 .execs = known ? known->execs : 0,
                                 .name = process.name,
                                 .state = process.zombie ? "zombie" : "running",
                                 .exit_status = process.exit_status,
                                 .threads = {}};
    for (const ThreadSnapshot& thread : process.threads)
        pictured.threads.push_back(picture(evidence, thread));
    return pictured;
}

DiagnosedProcess gone(const KnownProcess& known) {
    return {.path = known.path,
            .pid = known.pid,
            .inner_pid = known.inner_pid,
            .parent_path = known.parent_path,
            .program = known.program,
            .execs = known.execs,
            .name = {},
            .state = "gone",
            .exit_status = known.exit_status,
            .threads = {}};
}

struct Drawing {
    std::vector<GraphNode>& nodes;
    std::vector<GraphEdge>& edges;
    std::set<std::string> drawn = {};

    void node(const std::string& id, std::string kind, std::string label) {
        if (drawn.insert(id).second)
            nodes.push_back({.id = id, .kind = std::move(kind), .label = std::move(label)});
    }
    void edge(std::string from, std::string to, std::string label) {
        edges.push_back({.from = std::move(from), .to = std::move(to), .label = std::move(label)});
    }
};

void draw_pipe(Drawing& drawing, const Evidence& evidence, const std::string& from, const Wait& wait) {
    const std::string pipe = pipe_node(wait.pipe_inode);
    const bool writes = wait.kind == WaitKind::pipe_write;
    drawing.node(pipe, "pipe", fmt::format("pipe:[{}]", wait.pipe_inode));
    drawing.edge(from, pipe,
                 fmt::format("{} (fd {})", writes ? "writes to" : "waits for bytes or the end of", wait.fd));
    for (const ProcessSnapshot& process : evidence.snapshot.processes)
        for (const DescriptorSnapshot& descriptor : process.descriptors) {
            if (descriptor.inode != wait.pipe_inode || descriptor.kind != FileKind::pipe) continue;
            if (!(writes ? descriptor.readable : descriptor.writable)) continue;
            drawing.node(label(process), "process", label(process));
            drawing.edge(pipe, label(process), fmt::format("held open by (fd {})", descriptor.fd));
        }
}

void draw_wakers(Drawing& drawing, const Evidence& evidence, const std::string& from, const Wait& wait) {
    std::set<std::string> processes;
    for (const pid_t tid : wait.wakers)
        if (const ProcessSnapshot* const process = process_of_thread(evidence.snapshot, tid))
            processes.insert(label(*process));
    for (const std::string& process : processes) {
        drawing.node(process, "process", process);
        drawing.edge(from, process, wait.kind == WaitKind::child ? "waits for the end of" : "waits for");
    }
}

void draw(Drawing& drawing, const Evidence& evidence, const std::string& from, const Wait& wait) {
    switch (wait.kind) {
        case WaitKind::spin:
            if (wait.address == 0) break;
            [[fallthrough]];
        case WaitKind::futex:
            drawing.node(lock_node(wait.address), "lock", wait.location);
            drawing.edge(from, lock_node(wait.address), "waits for");
            break;
        case WaitKind::pipe_read:
        case WaitKind::pipe_write:
            draw_pipe(drawing, evidence, from, wait);
            break;
        case WaitKind::child:
        case WaitKind::vfork:
        case WaitKind::poll:
        case WaitKind::socket_read:
        case WaitKind::socket_write:
        case WaitKind::connect:
        case WaitKind::eventfd:
            draw_wakers(drawing, evidence, from, wait);
            break;
        default:
            break;  // waits for nobody in particular
    }
}

}  // namespace

std::vector<DiagnosedProcess> picture_processes(const Evidence& evidence) {
    std::vector<DiagnosedProcess> processes;
    for (const ProcessSnapshot& process : evidence.snapshot.processes)
        if (!process.outside) processes.push_back(picture(evidence, process));
    for (const KnownProcess& known : evidence.scope.processes)
        if (!find_process(evidence.snapshot, known.pid)) processes.push_back(gone(known));
    return processes;
}

void draw_waits(const Evidence& evidence, std::vector<GraphNode>& nodes, std::vector<GraphEdge>& edges) {
    Drawing drawing = {.nodes = nodes, .edges = edges};
    for (const ThreadWait& waiting : evidence.graph.threads) {
        const ProcessSnapshot& process = *find_process(evidence.snapshot, waiting.pid);
        if (waiting.wait.kind == WaitKind::exited || process.outside) continue;
        const ThreadSnapshot& thread = *find_thread(evidence.snapshot, waiting.tid);
        const std::string id = thread_node(process, thread);
        drawing.node(id, "thread", label(process, thread));
        draw(drawing, evidence, id, waiting.wait);
    }
}

std::vector<std::string> tell_zombies(const Evidence& evidence) {
    std::vector<std::string> sentences;
    for (const ProcessSnapshot& process : evidence.snapshot.processes) {
        if (!process.zombie) continue;
        const ProcessSnapshot* const parent = find_process(evidence.snapshot, process.parent);
        sentences.push_back(fmt::format("{} has ended and stays a zombie: {} has not waited for it.",
                                        label(process), parent ? label(*parent) : "its parent"));
    }
    return sentences;
}

}  // namespace rehang
