#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <ctime>

#include "base/names.h"
#include "spin/instruction.h"

namespace rehang::spin {
namespace {

using Kind = Instruction::Kind;

Instruction call(Kind kind, const MachineState& state, std::vector<Touch> touches = {}) {
    Instruction instruction;
    instruction.kind = kind;
    instruction.calls_kernel = true;
    instruction.text = syscall_name(static_cast<int>(state.general[rax]));
    instruction.touches = std::move(touches);
    return instruction;
}

// With a time-out: ETIMEDOUT after a while if the word is as expected, EAGAIN otherwise. Whoever wakes it
// could as well write.
Instruction futex(const MachineState& state) {
    const std::uint64_t operation = state.general[rsi] & ~std::uint64_t{FUTEX_PRIVATE_FLAG};
    const std::uint64_t word = state.general[rdi], limit = state.general[r10];
    if (operation != FUTEX_WAIT || limit == 0) return call(Kind::other, state);
    return call(Kind::waits, state, {{word, sizeof(std::uint32_t)}, {limit, sizeof(timespec)}});
}

}  // namespace

Instruction system_call(const MachineState& state) {
    const auto& registers = state.general;
    switch (registers[rax]) {
        case SYS_sched_yield:
        case SYS_getpid:
        case SYS_gettid:
            return call(Kind::same_again, state);
        case SYS_nanosleep:
            return call(Kind::waits, state, {{registers[rdi], sizeof(timespec)}});
        case SYS_clock_nanosleep:  // TIMER_ABSTIME, a flag, makes it a matter of what the clock says
            if (registers[rsi] != 0) return call(Kind::clock, state);
            return call(Kind::waits, state, {{registers[rdx], sizeof(timespec)}});
        case SYS_poll:  // of nothing, for some milliseconds; the others of this kind read more arguments
            return call(registers[rsi] == 0 ? Kind::waits : Kind::other, state);
        case SYS_futex:
            return futex(state);
        case SYS_clock_gettime:
        case SYS_gettimeofday:
        case SYS_time:
            return call(Kind::clock, state);
        default:
            return call(Kind::other, state);
    }
}

}  // namespace rehang::spin
