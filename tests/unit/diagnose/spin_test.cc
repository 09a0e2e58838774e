// A thread that goes round in a loop waits for whoever changes what it reads.
#include <sys/syscall.h>

#include "case.h"
#include "catch.h"
#include "diagnose/wait_rules.h"

using namespace rehang;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t flag = private_memory + 0x40;
constexpr std::uint64_t stack = 0x7ffc00000000;

// a, whose main thread stands in an endless loop that tests a word.
struct Looping : Case {
    spin::Spin seen;

    Looping() {
        process(10, "a");
        map(stack, "[stack]").writable = true;
        running(10, 10);
        main_processes({"a"});
        seen.endless = true;
        seen.instructions = 3;
        reads(flag, 5);
    }
    elf::Mapping& map(std::uint64_t start, const std::string& path) {
        elf::Mapping mapping;
        mapping.start = start;
        mapping.end = start + 0x1000;
        mapping.readable = true;
        mapping.path = path;
        return of(10).mappings.emplace_back(std::move(mapping));
    }
    spin::Access& reads(std::uint64_t address, unsigned char value, std::uint64_t pc = 0x400000) {
        seen.memory.push_back({.address = address, .bytes = {value, 0, 0, 0}});
        return seen.accesses.emplace_back(spin::Access{.pc = pc, .address = address, .size = 4});
    }
    // Puts what was seen onto the thread.
    Looping& look() {
        ThreadSnapshot& thread = of(10).threads.front();
        thread.sp = stack + 0x800;
        thread.spin = std::make_shared<spin::Spin>(seen);
        return *this;
    }
    Wait main() { return look().wait(10); }
};

}  // namespace

TEST_CASE("a loop that nobody is left to change is stuck") {
    Looping scene;
    CHECK(scene.look().stuck(10));
    CHECK(scene.main().kind == WaitKind::spin);
    CHECK(scene.main().address == flag);
    CHECK(scene.main().sentence == "spins, reading 0x7f0000001040, which is 5");
}

TEST_CASE("a loop is not stuck while another thread may go on: it may write, or send a signal") {
    Looping scene;
    SECTION("of the same process") {
        scene.running(10, 11);
    }
    SECTION("of another one") {
        scene.process(20, "b");
        scene.running(20, 20);
    }
    CHECK_FALSE(scene.look().stuck(10));
}

TEST_CASE("a loop is not stuck where what it reads changes from outside") {
    Looping scene;
    const char* told = "";
    SECTION("the clock") {
        scene.map(0x7fff00000000, "[vvar]");
        scene.reads(0x7fff00000010, 1);
        told = "its loop reads the kernel's clock";
    }
    SECTION("a device") {
        scene.map(0x7fff00000000, "/dev/uio0");
        scene.reads(0x7fff00000010, 1);
        told = "memory of the device /dev/uio0";
    }
    SECTION("a file that others may map") {
        scene.map(0x7fff00000000, "/var/shared").shared = true;
        scene.reads(0x7fff00000010, 1);
        told = "/var/shared, which anybody may map";
    }
    SECTION("a segment of System V in the runner's own namespace") {
        scene.map(0x7fff00000000, "/SYSV00000000").shared = true;
        scene.reads(0x7fff00000010, 1);
        scene.of(10).ipc_namespace = scene.snapshot.ipc_namespace_outside = 7;
        told = "/SYSV00000000, which anybody may map";
    }
    SECTION("something that is not mapped any more") {
        scene.reads(0x7fff00000010, 1);
        told = "what its loop reads at 0x7fff00000010 can't be told";
    }
    SECTION("a timer") {
        scene.of(10).alarm = true;
        told = "a timer of a may send it a signal";
    }
    SECTION("a limit of processor time") {
        scene.of(10).limited_processor_time = true;
        told = "limit for its use of the processor";
    }
    const Wait wait = scene.main();
    REQUIRE(wait.by_outside);
    CHECK_THAT(*wait.by_outside, Contains(told));
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("memory that only the tree can have makes no doubt") {
    Looping scene;
    SECTION("anonymous and shared") {
        scene.reads(shared_memory + 8, 1);
    }
    SECTION("a segment of System V in the sandbox's namespace") {
        scene.map(0x7fff00000000, "/SYSV00000000").shared = true;
        scene.reads(0x7fff00000010, 1);
        scene.of(10).ipc_namespace = 7;
        scene.snapshot.ipc_namespace_outside = 8;
    }
    SECTION("a file of its own") {
        scene.map(0x7fff00000000, "/usr/lib/libx.so");
        scene.reads(0x7fff00000010, 1);
    }
    CHECK(scene.look().stuck(10));
}

TEST_CASE("a loop that changes memory for a while may set others free") {
    Looping scene;
    SECTION("anywhere") {
        scene.seen.changes = {{.address = private_memory + 0x80, .size = 4}};
        CHECK_THAT(scene.main().sentence, Contains("changes memory at 0x7f0000001080 and back each time"));
        CHECK_FALSE(scene.stuck(10));
    }
    SECTION("but not on its own stack") {
        scene.seen.changes = {{.address = stack + 0x7f8, .size = 8}};
        CHECK(scene.look().stuck(10));
    }
}

TEST_CASE("two loops of which one reads what the other changes are not stuck") {
    Looping scene;
    spin::Spin other = scene.seen;
    other.changes = {{.address = flag, .size = 4}};
    const bool in_one_memory = GENERATE(true, false);
    if (!in_one_memory) scene.process(20, "b");
    scene.running(in_one_memory ? 10 : 20, 11).spin = std::make_shared<spin::Spin>(other);
    const Wait wait = scene.main();
    CHECK(wait.by_itself == in_one_memory);
    if (in_one_memory) CHECK_THAT(wait.sentence, Contains("reads what a thread 2 changes in its own one"));
}

TEST_CASE("of what a loop reads, a lock is told before what it tests, and that before the rest") {
    Looping scene;
    scene.reads(flag + 16, 6, 0x400010);
    CHECK(scene.main().address == flag);
    scene.seen.accesses.back().tested = true;
    CHECK(scene.main().address == flag + 16);
    scene.reads(flag + 32, 7, 0x400020).locks = true;
    CHECK(scene.main().address == flag + 32);
    CHECK(scene.main().word == 7);
    // Of equals the one at the lowest place in the code, wherever the round began.
    scene.reads(flag + 48, 8, 0x400018).locks = true;
    CHECK(scene.main().address == flag + 48);
}

TEST_CASE("a loop that reads only its own stack waits for no place") {
    Looping scene;
    scene.seen.accesses.clear();
    scene.reads(stack + 0x10, 1);
    CHECK(scene.main().address == 0);
    CHECK_THAT(scene.main().sentence,
               Contains("in a loop of 3 instructions that reads nothing that could change"));
    scene.seen.waits_by = "sched_yield";
    CHECK_THAT(scene.main().sentence, Contains("spins with sched_yield, in a loop"));
}

TEST_CASE("a loop around a timed futex wait waits for that word") {
    Looping scene;
    scene.seen.futex = flag;
    CHECK(scene.main().kind == WaitKind::futex);
    CHECK(scene.main().retried);
    CHECK_THAT(scene.main().sentence,
               Contains("waits for the futex word at 0x7f0000001040, which is 5, in a loop that asks again"));
    CHECK(scene.stuck(10));
}

TEST_CASE("what a thread did some time ago explains the doubt, and proves nothing") {
    Looping scene;
    scene.seen.endless = false;
    SECTION("a loop that it was let go on in") {
        scene.seen.was_endless = true;
        CHECK_THAT(scene.main().sentence,
                   Contains("runs: it spins, reading 0x7f0000001040, which is 5, until somebody changes"));
    }
    SECTION("no loop that was found") {
        scene.seen.doubt = "executed 300 instructions without repeating a state";
        CHECK(scene.main().sentence == "runs: it executed 300 instructions without repeating a state");
    }
    SECTION("the clock, which can't be read like memory") {
        scene.map(0x7fff00000000, "[vvar]");
        scene.seen.unreadable = 0x7fff00000010;
        CHECK(scene.main().sentence == "runs: it reads the clock, so it may stop by itself");
    }
    CHECK(scene.main().by_itself);
    CHECK_FALSE(scene.stuck(10));
}

TEST_CASE("the function of a loop is put into its sentence, and into no other") {
    Wait spinning = Looping().main();
    name_function(spinning, "a!wait_for_flag");
    CHECK_THAT(spinning.sentence, Contains("spins in a!wait_for_flag, reading"));
    Wait other;
    other.kind = WaitKind::signal;
    other.sentence = "spins";
    name_function(other, "a!f");
    CHECK(other.sentence == "spins");
}

// ---- as a cause ----

TEST_CASE("the cause is the loop in which a chain of waits ends") {
    Looping scene;
    // Another thread joins main: its word is the inner tid that main clears when it ends.
    scene.waits_at(10, 11, private_memory + 0x400, 10, 10);
    const auto finding = scene.look().ask(find_spin_at_the_end);
    REQUIRE(finding);
    CHECK(finding->cause == Cause::spin);
    CHECK_THAT(told(*finding), Contains("a can never leave its loop: it spins, reading 0x7f0000001040") &&
                                   Contains("nobody who could change that, or send it a signal, can go on"));
    CHECK_THAT(told(*finding), Contains("a thread 2 waits in turn"));
}

TEST_CASE("another wait in the same memory may be why nobody changes what a loop reads") {
    Looping scene;
    scene.waits_at(10, 11, private_memory + 0x400, 2, 2);
    CHECK_FALSE(scene.look().ask(find_spin_at_the_end));
    CHECK(scene.ask(find_spin));
}

TEST_CASE("a loop is no cause where it is not stuck, and where nobody loops") {
    Looping scene;
    SECTION("a thread that goes on") {
        scene.running(10, 11);
        scene.look();
    }
    SECTION("a thread that waits") {
        scene.of(10).threads.clear();
        scene.waits_at(10, 10, private_memory + 0x400, 2, 2);
    }
    CHECK_FALSE(scene.ask(find_spin));
}
