#include <linux/futex.h>
#include <sys/syscall.h>

#include <vector>

#include "catch.h"
#include "spin/instruction.h"

using namespace rehang::spin;
using Kind = Instruction::Kind;

namespace {

MachineState example() {
    MachineState state;
    for (size_t i = 0; i < state.general.size(); ++i) state.general[i] = 0x1000 * (i + 1);
    state.pc = 0x400000;
    state.fs_base = 0x700000;
    return state;
}

Instruction decode(const std::vector<unsigned char>& code, const MachineState& state = example()) {
    static const Decoder decoder;
    return decoder.decode(code, state);
}

Instruction call(long number, std::uint64_t first, std::uint64_t second, std::uint64_t fourth = 0) {
    MachineState state = example();
    state.general[rax] = static_cast<std::uint64_t>(number);
    state.general[rdi] = first;
    state.general[rsi] = second;
    state.general[r10] = fourth;
    return decode({0x0f, 0x05}, state);
}

}  // namespace

TEST_CASE("memory operands: segment, base, index, what lies at the program counter") {
    // mov eax, fs:[0x28]
    CHECK(decode({0x64, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0}).touches == std::vector<Touch>{{0x700028, 4}});
    // mov eax, [rip+0x10]: from the next instruction on
    CHECK(decode({0x8b, 0x05, 0x10, 0, 0, 0}).touches == std::vector<Touch>{{0x400016, 4}});
    // mov rax, [rax+r12*4-8]
    CHECK(decode({0x4a, 0x8b, 0x44, 0xa0, 0xf8}).touches == std::vector<Touch>{{0x1000 + 4 * 0xd000 - 8, 8}});
    // cmp byte [rdi], 0
    const Instruction compare = decode({0x80, 0x3f, 0x00});
    CHECK(compare.kind == Kind::same_again);
    CHECK(compare.touches == std::vector<Touch>{{0x8000, 1}});
    CHECK_FALSE(compare.incidental);
}

TEST_CASE("memory that is not written out as an operand: the stack") {
    CHECK(decode({0x50}).touches == std::vector<Touch>{{0x5000 - 8, 8}});                     // push rax
    CHECK(decode({0x58}).touches == std::vector<Touch>{{0x5000, 8}});                         // pop rax
    CHECK(decode({0xe8, 1, 0, 0, 0}).touches == std::vector<Touch>{{0x5000 - 8, 8}});         // call
    CHECK(decode({0xc3}).touches == std::vector<Touch>{{0x5000, 8}});                         // ret
    CHECK(decode({0xc9}).touches == std::vector<Touch>{{0x6000, 8}});                         // leave
    CHECK(decode({0xff, 0x37}).touches == std::vector<Touch>{{0x8000, 8}, {0x5000 - 8, 8}});  // push [rdi]
    CHECK(decode({0xc3}).incidental);
    CHECK(decode({0xff, 0x25, 1, 0, 0, 0}).incidental);  // jmp [rip+1], as in a PLT
}

TEST_CASE("addresses that are only computed are not touched") {
    CHECK(decode({0x48, 0x8d, 0x07}).touches.empty());        // lea rax, [rdi]
    CHECK(decode({0x0f, 0x1f, 0x40, 0x00}).touches.empty());  // nop [rax]
}

TEST_CASE("a vector operand counts as a whole vector, but not into the next page") {
    MachineState state = example();
    CHECK(decode({0xf3, 0x0f, 0x6f, 0x07}, state).touches == std::vector<Touch>{{0x8000, 32}});  // movdqu
    state.general[rdi] = 0x8ff0;
    CHECK(decode({0xf3, 0x0f, 0x6f, 0x07}, state).touches == std::vector<Touch>{{0x8ff0, 16}});
}

TEST_CASE("what a lock is taken by") {
    CHECK(decode({0xf0, 0x0f, 0xb1, 0x0f}).locks);         // lock cmpxchg [rdi], ecx
    CHECK(decode({0xf0, 0xff, 0x0f}).locks);               // lock dec [rdi]
    CHECK(decode({0x87, 0x07}).locks);                     // xchg [rdi], eax
    CHECK_FALSE(decode({0x87, 0xc8}).locks);               // xchg eax, ecx
    CHECK(decode({0x75, 0xfe}).branches);                  // jne
    CHECK_FALSE(decode({0xeb, 0xfe}).branches);            // jmp
    CHECK(decode({0xf3, 0x90}).kind == Kind::same_again);  // pause
}

TEST_CASE("what is something else each time is never the same again") {
    CHECK(decode({0x0f, 0x31}).kind == Kind::clock);                   // rdtsc
    CHECK(decode({0x0f, 0x01, 0xf9}).kind == Kind::clock);             // rdtscp
    CHECK(decode({0x0f, 0xa2}).kind == Kind::varies);                  // cpuid
    CHECK(decode({0x0f, 0xc7, 0xf0}).kind == Kind::varies);            // rdrand eax
    CHECK(decode({0xf3, 0x0f, 0xc7, 0xf8}).kind != Kind::same_again);  // rdpid rax
    CHECK(decode({0x0f, 0x01, 0xd0}).kind != Kind::same_again);        // xgetbv
}

TEST_CASE("instructions whose memory can't be told are not known") {
    CHECK(decode({0x0f, 0xa3, 0x07}).kind == Kind::other);                    // bt [rdi], eax
    CHECK(decode({0x0f, 0xba, 0x27, 0x01}).kind == Kind::same_again);         // bt [rdi], 1
    CHECK(decode({0xf3, 0xa4}).kind == Kind::other);                          // rep movsb
    CHECK(decode({0xa5}).kind == Kind::other);                                // movsd, the string one
    CHECK(decode({0xd7}).kind == Kind::other);                                // xlatb
    CHECK(decode({0x67, 0x8b, 0x07}).kind == Kind::other);                    // mov eax, [edi]
    CHECK(decode({0xc4, 0xe2, 0x69, 0x90, 0x04, 0x88}).kind == Kind::other);  // vpgatherdd
    CHECK(decode({0x66, 0x0f, 0xf7, 0xc1}).kind == Kind::other);              // maskmovdqu
    CHECK(decode({0x9d}).kind == Kind::other);                                // popf
    CHECK(decode({0xcd, 0x80}).kind == Kind::other);                          // int 0x80
    CHECK(decode({0xff}).kind == Kind::other);                                // none at all
    CHECK(decode({}).kind == Kind::other);
}

TEST_CASE("system calls: those that change nothing, those that wait, those that tell the time, all others") {
    CHECK(call(SYS_sched_yield, 0, 0).kind == Kind::same_again);
    CHECK(call(SYS_nanosleep, 0x9000, 0).kind == Kind::waits);
    CHECK(call(SYS_nanosleep, 0x9000, 0).touches == std::vector<Touch>{{0x9000, 16}});
    CHECK(call(SYS_clock_nanosleep, 1, 0).kind == Kind::waits);
    CHECK(call(SYS_clock_nanosleep, 1, 1).kind == Kind::clock);  // TIMER_ABSTIME
    CHECK(call(SYS_clock_gettime, 1, 0).kind == Kind::clock);
    CHECK(call(SYS_futex, 0x9000, FUTEX_WAIT_PRIVATE, 0xa000).kind == Kind::waits);
    CHECK(call(SYS_futex, 0x9000, FUTEX_WAIT_PRIVATE, 0).kind == Kind::other);
    CHECK(call(SYS_futex, 0x9000, FUTEX_WAKE_PRIVATE, 0xa000).kind == Kind::other);
    CHECK(call(SYS_poll, 0, 0).kind == Kind::waits);
    CHECK(call(SYS_poll, 0x9000, 1).kind == Kind::other);
    CHECK(call(SYS_write, 1, 0).kind == Kind::other);
    CHECK(call(SYS_getppid, 0, 0).kind == Kind::other);
}
