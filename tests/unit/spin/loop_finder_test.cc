// Loops of real machine code, executed by hand: the test says what the registers are after each instruction.
#include <sys/syscall.h>

#include <cstring>
#include <map>

#include "catch.h"
#include "spin/loop_finder.h"

using namespace rehang::spin;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;

namespace {

constexpr std::uint64_t code_at = 0x400000, word_at = 0x500000, stack_at = 0x600000;
constexpr std::uint64_t equal = 0x246, unequal = 0x202;

class HandMade : public StandingThread {
  public:
    explicit HandMade(const std::vector<unsigned char>& code) { put(code_at, code); }
    void put(std::uint64_t address, const std::vector<unsigned char>& bytes) {
        for (size_t i = 0; i < bytes.size(); ++i) memory[address + i] = bytes[i];
    }
    bool read(std::uint64_t address, std::span<unsigned char> into) override {
        for (size_t i = 0; i < into.size(); ++i) {
            const auto byte = memory.find(address + i);
            // Behind the code it is zeros, so that whole instructions can be read; elsewhere only what was
            // put.
            if (byte == memory.end() && address != code_at + (address - code_at) % 64) return false;
            into[i] = byte == memory.end() ? 0 : byte->second;
        }
        return true;
    }
    std::vector<unsigned char> extended_state() override { return {extended}; }
    bool call_is_answered() override { return answered; }

    std::map<std::uint64_t, unsigned char> memory;
    unsigned char extended = 1;
    bool answered = false;
};

MachineState at(std::uint64_t offset, std::uint64_t flags = equal) {
    MachineState state;
    state.pc = code_at + offset;
    state.flags = flags;
    state.general[rdi] = word_at;
    state.general[rsp] = stack_at + 16;
    return state;
}

// 0: pause; 2: cmp dword [rdi], 0; 5: jg +9; 7: jmp 0. As in glibc's pthread_spin_lock.
const std::vector<unsigned char> spinlock = {0xf3, 0x90, 0x83, 0x3f, 0x00, 0x7f, 0x09, 0xeb, 0xf7};
const std::vector<MachineState> spinlock_round = {at(0), at(2), at(5), at(7)};

// Feeds rounds until the finder has seen enough; `between` may do something to the thread before each state.
Spin run(
    HandMade& thread, const std::vector<MachineState>& round, size_t most,
    const std::function<void(size_t)>& between = [](size_t) {}) {
    LoopFinder finder(most);
    for (size_t i = 0;; ++i) {
        between(i);
        if (!finder.stands(round[i % round.size()], thread)) return finder.result();
        if (i > 10 * most) FAIL("it never has enough");
    }
}

}  // namespace

TEST_CASE("32-bit code is not understood, whatever it would be as 64-bit code") {
    HandMade thread(spinlock);
    thread.put(word_at, {0xff, 0xff, 0xff, 0xff});
    std::vector<MachineState> round = spinlock_round;
    for (MachineState& state : round) state.code_64 = false;
    const Spin spin = run(thread, round, 100);
    CHECK_FALSE(spin.endless);
    CHECK_THAT(spin.doubt, Contains("32-bit code"));
}

TEST_CASE("a loop that waits for a word is endless, and it is known what it reads") {
    HandMade thread(spinlock);
    thread.put(word_at, {0xff, 0xff, 0xff, 0xff});
    // Met in the middle of a round: it is looked at where it is the same each time.
    const size_t begin = GENERATE(0u, 1u, 2u, 3u);
    std::vector<MachineState> round = spinlock_round;
    std::rotate(round.begin(), round.begin() + static_cast<std::ptrdiff_t>(begin), round.end());
    const Spin spin = run(thread, round, 100);
    CHECK(spin.endless);
    CHECK(spin.instructions == 4);
    CHECK(spin.state.pc == code_at);
    CHECK(spin.changes.empty());
    REQUIRE(spin.accesses.size() == 1);
    CHECK(spin.accesses[0].address == word_at);
    CHECK(spin.accesses[0].tested);
    const auto piece = std::ranges::find(spin.memory, word_at, &Piece::address);
    REQUIRE(piece != spin.memory.end());
    CHECK(piece->bytes == std::vector<unsigned char>(4, 0xff));
}

TEST_CASE("a loop that counts in memory is none") {
    // 0: inc dword [rdi]; 2: jmp 0
    HandMade thread({0xff, 0x07, 0xeb, 0xfc});
    thread.put(word_at, {0, 0, 0, 0});
    const Spin spin = run(thread, {at(0), at(2)}, 100, [&](size_t i) {
        if (i % 2 == 1) ++thread.memory[word_at];
    });
    CHECK_FALSE(spin.endless);
    CHECK_THAT(spin.doubt, Contains("changes memory at 0x500000 each time"));
}

TEST_CASE("a loop that counts in a register, or in a vector register, is none") {
    HandMade thread(spinlock);
    thread.put(word_at, {1, 0, 0, 0});
    SECTION("general") {
        LoopFinder finder(50);
        MachineState state = at(0);
        size_t steps = 0;
        while (state.general[9] = steps / 4, state.pc = spinlock_round[steps % 4].pc,
               finder.stands(state, thread))
            ++steps;
        CHECK(steps == 50);
        CHECK_FALSE(finder.result().endless);
        CHECK(finder.result().doubt == "executed 50 instructions without repeating a state");
    }
    SECTION("vector") {
        const Spin spin = run(thread, spinlock_round, 50, [&](size_t) { ++thread.extended; });
        CHECK_FALSE(spin.endless);
    }
}

TEST_CASE(
    "a write that leaves what was there is no change; one that leaves something else for a while is told") {
    // 0: mov dword [rdi], 1; 6: mov dword [rdi], 0; 12: jmp 0
    HandMade thread({0xc7, 0x07, 1, 0, 0, 0, 0xc7, 0x07, 0, 0, 0, 0, 0xeb, 0xf2});
    thread.put(word_at, {0, 0, 0, 0});
    const bool toggles = GENERATE(true, false);
    const Spin spin = run(thread, {at(0), at(6), at(12)}, 100,
                          [&](size_t i) { thread.memory[word_at] = toggles && i % 3 == 1 ? 1 : 0; });
    CHECK(spin.endless);
    CHECK(spin.changes == (toggles ? std::vector<Touch>{{word_at, 1}} : std::vector<Touch>{}));
}

TEST_CASE("memory that somebody else changes meanwhile ends the search") {
    HandMade thread(spinlock);
    thread.put(word_at, {1, 0, 0, 0});
    // After the comparison of the second round was seen, and before the next one.
    const Spin spin = run(thread, spinlock_round, 100, [&](size_t i) {
        if (i == 8) thread.memory[word_at] = 2;
    });
    // Either it was over by then, or it is noticed: an endless loop with a word that is not there is a lie.
    if (spin.endless) {
        const auto piece = std::ranges::find(spin.memory, word_at, &Piece::address);
        CHECK(piece->bytes[0] == 1);
    } else {
        CHECK_THAT(spin.doubt, Contains("somebody else changed"));
    }
}

TEST_CASE("a loop that reads the clock may end by itself") {
    // 0: rdtsc; 2: jmp 0
    HandMade thread({0x0f, 0x31, 0xeb, 0xfc});
    const Spin spin = run(thread, {at(0), at(2)}, 100);
    CHECK_FALSE(spin.endless);
    CHECK_THAT(spin.doubt, Contains("reads the clock (rdtsc)"));
}

TEST_CASE("a system call that may do anything ends the search at once; sched_yield does not") {
    // 0: syscall; 2: jmp 0
    HandMade thread({0x0f, 0x05, 0xeb, 0xfc});
    MachineState first = at(0), second = at(2);
    first.general[rax] = second.general[rax] = 1;
    CHECK_THAT(run(thread, {first, second}, 100).doubt, Contains("gets to write"));
    first.general[rax] = 24;
    second.general[rax] = 0;
    const Spin spin = run(thread, {first, second}, 100);
    CHECK(spin.endless);
    CHECK(spin.waits_by == "sched_yield");
}

TEST_CASE("a futex wait with a time-out in a loop stands where it sleeps") {
    // 0: nop; 1: syscall; 3: jmp 0
    HandMade thread({0x90, 0x0f, 0x05, 0xeb, 0xfb});
    thread.put(word_at, {2, 0, 0, 0});
    thread.put(stack_at, std::vector<unsigned char>(64, 0));
    std::vector<MachineState> round = {at(0), at(1), at(3)};
    for (MachineState& state : round) {
        state.general[rax] = 202;
        state.general[rsi] = 0x80;
        state.general[r10] = stack_at;
    }
    const Spin spin = run(thread, round, 100);
    CHECK(spin.endless);
    CHECK(spin.futex == word_at);
    CHECK(spin.state.pc == code_at + 1);
}

TEST_CASE("memory that can't be read proves nothing") {
    HandMade thread(spinlock);
    const Spin spin = run(thread, spinlock_round, 100);
    CHECK_FALSE(spin.endless);
    CHECK_THAT(spin.doubt, Contains("can't be read"));
}

TEST_CASE("a system call that may do anything is in the way, unless it is always answered in the same way") {
    // 0: syscall; 2: jmp 0
    HandMade thread({0x0f, 0x05, 0xeb, 0xfc});
    MachineState before = at(0), after = at(2);
    before.general[rax] = after.general[rax] = SYS_ioctl;
    thread.answered = GENERATE(false, true);
    const Spin spin = run(thread, {before, after}, 100);
    CHECK(spin.endless == thread.answered);
    CHECK(spin.answered == (thread.answered ? "ioctl" : ""));
    CHECK_THAT(spin.doubt,
               thread.answered ? Equals("") : Equals("gets to ioctl, which may change something"));
}

TEST_CASE("an instruction that may do anything is in the way, even if a system call would be answered") {
    HandMade thread({0xf3, 0xa4, 0xeb, 0xfc});  // 0: rep movsb; 2: jmp 0
    thread.answered = true;
    const Spin spin = run(thread, {at(0), at(2)}, 100);
    CHECK_FALSE(spin.endless);
    CHECK_THAT(spin.doubt, Contains("which may change something"));
}
