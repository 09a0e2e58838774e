#include "catch.h"
#include "example_report.h"

namespace rehang {
namespace {

TEST_CASE("a signature is 16 hex digits and stays the same from version to version") {
    RunReport exited;
    exited.outcome = Outcome::exited;
    // FNV-1a of "outcome exited\n", worked out apart from this program
    CHECK(signature(exited) == "e9c705eacbcdea1e");
}

TEST_CASE("addresses, pids, times and the order of processes do not count") {
    const RunReport hang = inherited_lock_hang();
    RunReport other = hang;
    other.timings_ms.total = 1;
    other.repeat = 7;
    std::swap(other.processes[0], other.processes[2]);
    for (DiagnosedProcess& process : other.processes) {
        process.pid += 100;
        process.inner_pid += 1;
        for (DiagnosedThread& thread : process.threads) {
            thread.tid += 100;
            thread.wait.address += 4096;
            for (elf::Frame& frame : thread.stack) frame.pc += 4096;
        }
    }
    CHECK(signature(other) == signature(hang));
}

TEST_CASE("outcome, cause, states and stacks count") {
    const RunReport hang = inherited_lock_hang();
    RunReport other = hang;
    SECTION("outcome") {
        other.outcome = Outcome::timeout;
    }
    SECTION("cause") {
        other.cause = Cause::lock_cycle;
    }
    SECTION("a process's state") {
        other.processes[1].state = "gone";
    }
    SECTION("a frame") {
        other.processes[2].threads[0].stack[3].symbol = "tcmalloc::CentralFreeList::Populate";
    }
    SECTION("a thread") {
        other.processes[2].threads.pop_back();
    }
    CHECK(signature(other) != signature(hang));
}

TEST_CASE("threads that are not stuck do not count: they are somewhere else each time") {
    RunReport hang = inherited_lock_hang();
    DiagnosedThread busy;
    busy.nth = 3;
    busy.stack = {{.pc = 1, .module = "libc.so.6", .symbol = "memcpy", .offset = 0}};
    RunReport other = hang;
    other.processes[0].threads.push_back(busy);
    CHECK(signature(other) == signature(hang));
}

}  // namespace
}  // namespace rehang
