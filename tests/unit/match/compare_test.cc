#include "match/compare.h"

#include "catch.h"
#include "fixtures.h"
#include "match/backtrace.h"

namespace rehang {
namespace {

using Catch::Matchers::Contains;

Comparison qemu_against(const std::string& backtrace) {
    return compare(sighting_of(recorded_report("qemu-hang.report.json")), recorded_backtrace(backtrace));
}

std::string seen_for(const Comparison& comparison, const std::string& reproduced) {
    for (const ThreadMatch& thread : comparison.threads)
        if (thread.reproduced == reproduced) return thread.seen.value_or("");
    return "no such thread";
}

// The same hang with stacks that tell nothing, as of a program under qemu-user.
RunReport without_names(RunReport report) {
    for (DiagnosedProcess& process : report.processes)
        for (DiagnosedThread& thread : process.threads)
            for (elf::Frame& frame : thread.stack) frame.symbol.clear();
    return report;
}

}  // namespace

TEST_CASE("match: QEMU's hang is the one that a debugger saw of the very same") {
    const Comparison comparison = qemu_against("qemu-hang.txt");
    CHECK(comparison.same);
    CHECK(comparison.score > 0.9);
    CHECK(seen_for(comparison, "probe main") == "process 16015 thread 1 (LWP 16015)");
    CHECK(seen_for(comparison, "probe/1/1 thread 2") == "process 16080 thread 2 (LWP 16089)");
}

TEST_CASE(
    "match: QEMU's hang is the one of the field: another version, another architecture, libvirt next to it") {
    const Comparison comparison = qemu_against("field.txt");
    CHECK(comparison.same);
    CHECK(seen_for(comparison, "probe main") == "process 28101 thread 1 (LWP 28101)");
    CHECK(seen_for(comparison, "probe/1/1 main") == "process 28105 thread 1 (LWP 28105)");
    CHECK(seen_for(comparison, "probe/1/1 thread 2") == "process 28105 thread 2 (LWP 28106)");
    CHECK(comparison.left_over.size() == 3);  // libvirt's
}

TEST_CASE("match: a healthy QEMU and another hang at a fork are not it, though threads of them are alike") {
    const Comparison healthy = qemu_against("qemu-healthy.txt");
    CHECK_FALSE(healthy.same);
    CHECK_THAT(healthy.reasons[1], Contains("2 of the 2 threads that the others wait for"));
    CHECK_FALSE(qemu_against("localtime.txt").same);
}

TEST_CASE("match: a thread that the others wait for must be there, however much else agrees") {
    Sighting seen = recorded_backtrace("qemu-hang.txt");
    std::erase_if(seen.processes[1].threads, [](const SeenThread& thread) { return thread.nth == 2; });
    const Comparison comparison = compare(sighting_of(recorded_report("qemu-hang.report.json")), seen);
    CHECK_FALSE(comparison.same);
    CHECK(comparison.score >= total_threshold);
}

TEST_CASE("match: stacks of one process do not go with two") {
    // The daemon's threads, each as a process of its own.
    Sighting seen = recorded_backtrace("qemu-hang.txt");
    SeenProcess half = seen.processes[1];
    half.threads.resize(1);
    seen.processes[1].threads.erase(seen.processes[1].threads.begin());
    seen.processes.push_back(half);
    CHECK_FALSE(compare(sighting_of(recorded_report("qemu-hang.report.json")), seen).same);
    // Where it is not known whose they are, they may.
    seen.separated = false;
    CHECK(compare(sighting_of(recorded_report("qemu-hang.report.json")), seen).same);
}

TEST_CASE("match: two reports, in both directions") {
    const RunReport report = recorded_report("qemu-hang.report.json");
    CHECK(compare(sighting_of(report), sighting_of(report)).same);
    RunReport more = report;  // with a process that hangs for another reason
    more.processes.push_back(more.processes[2]);
    more.processes.back().path = "other";
    for (DiagnosedThread& thread : more.processes.back().threads)
        for (elf::Frame& frame : thread.stack) frame.symbol = "other_function_" + std::to_string(frame.pc);
    CHECK(compare(sighting_of(report), sighting_of(more)).same);
    RunReport other_cause = report;
    other_cause.cause = Cause::lock_cycle;
    CHECK_FALSE(compare(sighting_of(report), sighting_of(other_cause)).same);
}

TEST_CASE("match: a run that did not hang is like no hang") {
    RunReport report = recorded_report("qemu-hang.report.json");
    report.outcome = Outcome::exited;
    const Comparison comparison = compare(sighting_of(report), recorded_backtrace("qemu-hang.txt"));
    CHECK_FALSE(comparison.same);
    CHECK_THAT(comparison.reasons[0], Contains("did not hang"));
}

TEST_CASE(
    "match: a report without function names is compared by waits and by the lock's class, and says so") {
    const Sighting bare = sighting_of(without_names(recorded_report("qemu-hang.report.json")));
    const Comparison comparison = compare(bare, recorded_backtrace("field.txt"));
    CHECK(comparison.same);
    CHECK(comparison.basis == Basis::waits);
    CHECK_THAT(comparison.reasons.back(), Contains("have no function names"));
    CHECK(seen_for(comparison, "probe/1/1 main").starts_with("process 28105"));
    CHECK_FALSE(compare(bare, recorded_backtrace("qemu-healthy.txt")).same);
    CHECK_FALSE(compare(bare, recorded_backtrace("localtime.txt")).same);
    Sighting silent = bare;  // nothing tells what lock it is: waits alone are no hang
    silent.told.clear();
    CHECK_FALSE(compare(silent, recorded_backtrace("field.txt")).same);
}

}  // namespace rehang
