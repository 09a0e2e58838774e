// A program for arm64 that qemu-user runs: it is proven stuck like any other, and its own stacks are told.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "catch.h"
#include "host_has.h"
#include "stuck_tree.h"

using namespace rehang;

namespace {

const char* const sleeper = GUEST_SLEEPER;  // "": there was no compiler for it

bool can_run_guests() {
    return host_has(*sleeper != '\0', "compiler for arm64") &&
           host_has(std::filesystem::exists("/usr/bin/qemu-aarch64-static"), "qemu-aarch64-static");
}

std::vector<std::string> symbols_of(const DiagnosedThread& thread) {
    std::vector<std::string> symbols;
    symbols.reserve(thread.stack.size());
    for (const elf::Frame& frame : thread.stack) symbols.push_back(frame.symbol);
    return symbols;
}

// Somewhere among the frames, these in a row.
bool has_chain(const DiagnosedThread& thread, const std::vector<std::string>& chain) {
    const std::vector<std::string> symbols = symbols_of(thread);
    return !std::ranges::search(symbols, chain).empty();
}

}  // namespace

TEST_CASE("threads of an arm64 program are proven stuck, and their stacks are those of the program") {
    if (!can_run_guests()) return;
    const char* const shared = GENERATE(static_cast<const char*>(nullptr), "shared");
    StuckTree tree(
        [shared] { execlp("qemu-aarch64-static", "qemu-aarch64-static", sleeper, shared, nullptr); });
    REQUIRE(tree.look_until(Diagnoser::Answer::stuck));
    const Diagnosis diagnosis = tree.explain();
    const DiagnosedThread* const main = find(diagnosis, "a", "main");
    REQUIRE(main);
    INFO(Catch::StringMaker<std::vector<std::string>>::convert(symbols_of(*main)));
    CHECK(main->wait.kind == WaitKind::futex);
    CHECK(has_chain(*main, {"innermost", "in_between", "main"}));
    CHECK(std::ranges::all_of(main->stack,
                              [](const elf::Frame& frame) { return frame.module != "qemu-aarch64-static"; }));
    // Thread 2 is qemu-user's own.
    const DiagnosedThread* const helper = find(diagnosis, "a", "thread 3");
    REQUIRE(helper);
    CHECK(has_chain(*helper, {"innermost", "in_between", "helper"}));
    const DiagnosedThread* const own = find(diagnosis, "a", "thread 2");
    REQUIRE(own);
    CHECK_FALSE(has_frame(*own, "in_between"));
}
