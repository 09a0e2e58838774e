#include "match/sighting.h"

#include <fmt/format.h>

#include <algorithm>

namespace rehang {
namespace {

WaitClass class_of(WaitKind kind) {
    switch (kind) {
        case WaitKind::pipe_read:
        case WaitKind::socket_read:
        case WaitKind::eventfd:
            return WaitClass::read;
        case WaitKind::pipe_write:
        case WaitKind::socket_write:
            return WaitClass::write;
        case WaitKind::accept:
        case WaitKind::connect:
            return WaitClass::connection;
        case WaitKind::futex:
            return WaitClass::futex;
        case WaitKind::child:
            return WaitClass::child;
        case WaitKind::file_lock:
            return WaitClass::file_lock;
        case WaitKind::poll:
            return WaitClass::poll;
        case WaitKind::signal:
            return WaitClass::signal;
        case WaitKind::timer:
            return WaitClass::timer;
        case WaitKind::running:
        case WaitKind::spin:
            return WaitClass::running;
        default:
            return WaitClass::any;
    }
}

const DiagnosedThread* innermost_thread(const RunReport& report) {
    for (const DiagnosedProcess& process : report.processes)
        for (const DiagnosedThread& thread : process.threads)
            if (process.path == report.innermost.process && thread.nth == report.innermost.nth)
                return &thread;
    return nullptr;
}

// The innermost thread, and whoever waits for the very same; in a circle everybody at a lock.
bool is_origin(const RunReport& report, const DiagnosedProcess& process, const DiagnosedThread& thread) {
    const DiagnosedThread* const innermost = innermost_thread(report);
    if (!innermost) return false;
    if (&thread == innermost) return true;
    if (thread.wait.kind != innermost->wait.kind) return false;
    if (report.cause == Cause::lock_cycle) return true;
    return process.path == report.innermost.process && thread.wait.kind == WaitKind::futex &&
           thread.wait.address == innermost->wait.address;
}

bool counts(const RunReport& report, const DiagnosedThread& thread) {
    if (thread.wait.kind == WaitKind::exited) return false;
    return report.outcome == Outcome::hung ? thread.stuck : thread.wait.kind != WaitKind::running;
}

SeenThread seen(const RunReport& report, const DiagnosedProcess& process, const DiagnosedThread& thread) {
    SeenThread to{.label = thread.role,
                  .name = thread.name,
                  .nth = thread.nth,
                  .wait = class_of(thread.wait.kind),
                  .stack = {},
                  .origin = is_origin(report, process, thread)};
    for (const elf::Frame& frame : thread.stack)
        to.stack.push_back({.function = frame.symbol, .module = frame.module});
    return to;
}

std::string title_of(const RunReport& report) {
    std::string title = report.scenario;
    for (const auto& [name, value] : report.params) title += fmt::format(" {}={}", name, value);
    if (report.role == Role::control) title += " (control)";
    return title;
}

}  // namespace

Sighting sighting_of(const RunReport& report) {
    Sighting sighting{.title = title_of(report),
                      .processes = {},
                      .separated = true,
                      .hung = report.outcome == Outcome::hung || report.outcome == Outcome::timeout ||
                              report.outcome == Outcome::running,
                      .proven = report.proven,
                      .is_report = true,
                      .cause = report.outcome == Outcome::hung ? report.cause : Cause::unknown,
                      .told = report.explanation};
    for (const DiagnosedProcess& process : report.processes) {
        SeenProcess to{.label = process.path,
                       .program = process.program,
                       .command = {},
                       .pid = process.pid,
                       .ended = process.state != "running",
                       .threads = {}};
        for (const DiagnosedThread& thread : process.threads)
            if (counts(report, thread)) to.threads.push_back(seen(report, process, thread));
        sighting.processes.push_back(std::move(to));
    }
    return sighting;
}

WaitClass wait_of(const std::vector<SeenFrame>& stack) {
    for (const SeenFrame& frame : stack) {
        const std::string name = canonical(frame.function);
        if (!is_way_into_kernel(name)) break;
        if (const WaitClass wait = wait_class(name); wait != WaitClass::any) return wait;
    }
    return WaitClass::any;
}

}  // namespace rehang
