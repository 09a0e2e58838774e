#include <fmt/format.h>

#include <algorithm>

#include "report/run_report.h"

namespace rehang {
namespace {

// FNV-1a, 64 bits: small, and the same on every machine and in every version, which std::hash does not
// promise.
std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

void append_thread(std::string& text, const DiagnosedThread& thread) {
    text += fmt::format("thread {} {}\n", thread.nth, to_text(thread.wait.kind));
    for (const elf::Frame& frame : thread.stack) text += fmt::format("{}!{}\n", frame.module, frame.symbol);
}

// What is the same in each run of one hang. Threads that are not stuck are left out: they are somewhere else
// each time.
std::string canonical_text(const RunReport& report) {
    std::string text = fmt::format("outcome {}\n", to_text(report.outcome));
    if (report.outcome != Outcome::hung) return text;
    text += fmt::format("cause {}\n", to_text(report.cause));
    auto processes = report.processes;
    std::ranges::sort(processes, {}, &DiagnosedProcess::path);
    for (DiagnosedProcess& process : processes) {
        text += fmt::format("process {} {}\n", process.path, process.state);
        std::ranges::sort(process.threads, {}, &DiagnosedThread::nth);
        for (const DiagnosedThread& thread : process.threads)
            if (thread.stuck) append_thread(text, thread);
    }
    return text;
}

}  // namespace

std::string signature(const RunReport& report) {
    return fmt::format("{:016x}", fnv1a(canonical_text(report)));
}

}  // namespace rehang
